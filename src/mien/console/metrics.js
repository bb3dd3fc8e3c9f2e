// Parses Prometheus' text format: lines of `name{label="value"} number`.

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

/** Returns the samples of a text: [{name, labels, value}]. */
export function samples(text) {
  return text
    .split('\n')
    .filter((line) => line && !line.startsWith('#'))
    .map((line) => LINE.exec(line))
    .filter(Boolean)
    .map(([, name, labels = '', value]) => ({
      name,
      value: Number(value),
      labels: Object.fromEntries(
        [...labels.matchAll(LABEL)].map(([, key, text]) => [key, text.replace(/\\(.)/g, '$1')]),
      ),
    }));
}

/** Returns the sum of the samples whose name matches; null where none does. */
export function sum(found, name) {
  const values = found.filter((each) => name.test(each.name)).map((each) => each.value);
  return values.length ? values.reduce((all, value) => all + value, 0) : null;
}

/** Returns requests by operation: [{operation, requests, errors: {code: number}}], the busiest first. */
export function requests(found) {
  const rows = new Map();
  for (const { name, labels, value } of found) {
    if (!/requests_total$/.test(name) || !labels.operation) continue;
    const row = rows.get(labels.operation) ?? { operation: labels.operation, requests: 0, errors: {} };
    row.requests += value;
    if (labels.code && labels.code !== 'OK' && value) row.errors[labels.code] = (row.errors[labels.code] ?? 0) + value;
    rows.set(labels.operation, row);
  }
  return [...rows.values()].sort((one, other) => other.requests - one.requests);
}
