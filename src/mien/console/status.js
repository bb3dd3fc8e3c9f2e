// The page Status: the server's health, model pack and licence, engine, store, requests and errors.

import { fill, h, icon } from './dom.js';
import { head, note, working } from './parts.js';
import { requests, samples, sum } from './metrics.js';
import { bytes, number } from './words.js';

const EVERY = 5000; // milliseconds between two refreshes

/** Makes the page; it refreshes while it is shown. */
export function statusPage(app) {
  const body = h('div', { class: 'stack' }, working('Asking the server …'));
  const page = h('div', { class: 'stack page' }, head('Status', 'Health, model pack, store and requests.'), body);
  async function look() {
    const [alive, ready, metrics] = await Promise.all(
      ['healthz', 'readyz', 'metrics'].map((path) => app.api.read(path)),
    );
    if (alive) await app.learn();
    fill(body, ...parts(app.about, alive, ready, metrics));
    setTimeout(() => {
      if (page.isConnected && !document.hidden) look();
      else resume();
    }, EVERY);
  }
  function resume() {
    // no requests for a page that is hidden or was left; it refreshes when it is shown again
    const again = setInterval(() => {
      if (!page.isConnected) return clearInterval(again);
      if (!document.hidden) {
        clearInterval(again);
        look();
      }
      return undefined;
    }, 1000);
  }
  look();
  return page;
}

function parts(about, alive, ready, metrics) {
  if (!alive) return [note('bad', 'The server does not answer. Is it running?')];
  const found = metrics?.ok ? samples(metrics.text) : null;
  const gallery = found && sum(found, /gallery.*bytes$/);
  const memory = found && sum(found, /resident_memory_bytes$/);
  const cards = [
    card('Server', [
      ['Alive', light(alive.ok, 'yes', 'no')],
      ready && ready.status !== 403 && ['Ready', light(ready.ok, 'yes', reason(ready.text))],
      about && ['Version', `mien ${about.version}`],
      about && ['Access', about.access === 'keys' ? 'signed requests only' : 'any credentials, since there is no key'],
      memory && ['Memory', bytes(memory)],
      gallery !== null && ['Galleries', `${bytes(gallery)} in memory`],
    ]),
    about &&
      card('Model pack', [
        ['Name', about.pack.name],
        ['Networks', about.pack.title],
        [
          'Licence',
          h('a', { href: about.pack.license_address, rel: 'noreferrer', target: '_blank', text: about.pack.license }),
        ],
        [
          'Use',
          about.pack.commercial
            ? light(true, 'commercial use allowed')
            : h('span', { class: 'state warn' }, icon('warn'), 'non-commercial only'),
        ],
        ['Model version', about.pack.model_version],
        about.minimum_similarity > 0 && ['Minimum similarity', `no search answers below ${about.minimum_similarity}`],
      ]),
    about &&
      card('Engine and store', [
        ['Engine', `${about.engine.name} ${about.engine.version}`],
        ['Precision', about.engine.precision],
        ['Store', about.store],
      ]),
  ];
  return [h('div', { class: 'columns' }, cards.filter(Boolean)), traffic(found, metrics)];
}

function card(title, rows) {
  const list = rows.filter(Boolean).map(([name, value]) => [h('dt', { text: name }), h('dd', {}, value)]);
  return h('section', { class: 'card stack' }, h('h2', { text: title }), h('dl', { class: 'facts' }, list));
}

/** Returns the server's own reason for not being ready. */
function reason(text) {
  try {
    return JSON.parse(text).reason ?? 'no';
  } catch {
    return 'no';
  }
}

function light(ok, yes, no = '') {
  return h('span', { class: `state ${ok ? 'good' : 'bad'}` }, icon(ok ? 'check' : 'warn'), ok ? yes : no);
}

function traffic(found, metrics) {
  const title = h('h2', { text: 'Requests and errors' });
  if (!found) {
    const why =
      metrics && ![403, 404].includes(metrics.status)
        ? `The server answered /metrics with ${metrics.status}.`
        : 'This server does not show its counters to this page.';
    return h('section', { class: 'card stack' }, title, h('p', { class: 'quiet', text: why }));
  }
  const rows = requests(found);
  if (!rows.length)
    return h(
      'section',
      { class: 'card stack' },
      title,
      h('p', { class: 'quiet', text: 'No requests since the server started.' }),
    );
  const lines = rows.map(({ operation, requests: asked, errors }) => {
    const told = Object.entries(errors)
      .map(([code, times]) => `${number(times)} × ${code}`)
      .join(', ');
    return h(
      'tr',
      {},
      h('th', { scope: 'row', text: operation }),
      h('td', { class: 'number', text: number(asked) }),
      h('td', { class: told ? 'bad' : 'quiet', text: told || 'none' }),
    );
  });
  const table = h(
    'table',
    {},
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        ['Operation', 'Requests', 'Errors'].map((each) => h('th', { scope: 'col', text: each })),
      ),
    ),
    h('tbody', {}, lines),
  );
  return h(
    'section',
    { class: 'card stack' },
    title,
    h('div', { class: 'scroll', tabIndex: 0, role: 'region', 'aria-label': 'Requests and errors' }, table),
  );
}
