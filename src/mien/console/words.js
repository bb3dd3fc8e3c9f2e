// Puts numbers and codes into words.

import { has, listed, measure, number, t } from './language.js';
import { problem } from './names.js';

const RAREST_MEASURED = 0.9e-6; // packs are calibrated on enough pairs of strangers for one in a million, and no rarer

/**
 * Returns the share of pairs of strangers that reach this similarity, 0–1; null beyond the last.
 * `rates`: [[similarity, share]], rising, as about.json has them; the share's logarithm is linear between two of them.
 */
export function falseMatchRate(similarity, rates) {
  const knots = [[0, 1], ...rates];
  const next = knots.findIndex(([reached]) => similarity <= reached);
  if (next < 0) return null;
  if (next === 0) return 1;
  const [[from, high], [to, low]] = [knots[next - 1], knots[next]];
  return high * (low / high) ** ((similarity - from) / (to - from));
}

/** Puts a similarity into a sentence about strangers; empty where the server does not say what it stands for. */
export function strangers(similarity, rates) {
  if (!rates.length) return '';
  const rate = falseMatchRate(similarity, rates);
  if (rate === null) return t('similarity.fewer', { number: rarest(rates) });
  if (rate > 0.5) return t('similarity.most');
  const how = rate < RAREST_MEASURED ? 'similarity.about_extrapolated' : 'similarity.about';
  return t(how, { number: count(1 / rate) });
}

/** Puts the share of strangers who reach this similarity into few words for a line of a list. */
export function strangersBriefly(similarity, rates) {
  if (!rates.length) return '';
  const rate = falseMatchRate(similarity, rates);
  if (rate === null) return t('similarity.brief_under', { number: rarest(rates) });
  return rate > 0.5 ? t('similarity.brief_most') : t('similarity.brief', { number: count(1 / rate) });
}

/** Returns how many pairs hold one false match at the highest similarity that has a rate. */
function rarest(rates) {
  return count(1 / rates.at(-1)[1]);
}

/** Returns a careful verdict on a similarity. */
export function verdict(similarity) {
  if (similarity >= 99) return t('similarity.very_likely');
  if (similarity >= 80) return t('similarity.likely');
  if (similarity >= 60) return t('similarity.unclear');
  return t('similarity.unlikely');
}

/** Puts the share of strangers who would match one of `amount` 'faces' or 'users' at a threshold into words. */
export function crowd(similarity, amount, kind, rates) {
  if (!amount || !rates.length) return '';
  const known = falseMatchRate(similarity, rates);
  const rate = known ?? rates.at(-1)[1];
  const share = -Math.expm1(amount * Math.log1p(-rate));
  const among = t(`similarity.among_${kind}`, { count: amount });
  const most = known === null ? '_most' : '';
  if (share < 0.01) return t(`similarity.crowd_one${most}`, { crowd: among, number: count(1 / share) });
  return t(`similarity.crowd${most}`, { crowd: among, count: Math.round(100 * share) });
}

/** Rounds to two significant digits: 23,000. */
function count(value) {
  const scale = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 1);
  return Math.round(value / scale) * scale;
}

/** Formats a similarity; it is never rounded up to 100. */
export function score(similarity) {
  return number(Math.floor(similarity * 10) / 10, 1, similarity === 100 ? 0 : 1);
}

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'];

/** Formats bytes in a suitable unit. */
export function bytes(amount) {
  const step = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(1, amount)) / 3));
  return measure(amount / 1000 ** step, UNITS[step], step > 1 ? 1 : 0);
}

const PROBLEMS = { empty: 'names.empty', long: 'names.long', unicode: 'names.unicode', control: 'names.control' };

/** Explains in a sentence why a text is no name; null where it is one. */
export function misnamed(name) {
  const wrong = problem(name);
  return wrong && t(PROBLEMS[wrong]);
}

/** Explains in a sentence why a face was refused. */
export function reason(code) {
  return has(`reason.${code}`) ? t(`reason.${code}`) : code;
}

/** Explains an error in a sentence. */
export function sentence(error) {
  if (error.code === 'InvalidParameterException' && error.message === 'Request has invalid parameters') {
    return t('error.no_picture');
  }
  if (error.code === 'InvalidSignatureException' && error.message.startsWith('Signature')) {
    return t('error.clocks');
  }
  const refused = /not authorized to perform: (?:rekognition|mien):(\w+) on resource: (\S+)/;
  const [, operation, on] = refused.exec(error.message) ?? [];
  if (operation) {
    return t(on === '*' ? 'error.denied' : 'error.denied_on', { operation, name: on.split('/').pop() });
  }
  const [, absent] = /^The collection id: (\S+) does not exist/.exec(error.message) ?? [];
  if (absent) return t('error.no_collection', { name: absent });
  if (has(`error.${error.code}`)) return t(`error.${error.code}`);
  if (error.code === 'Http413') return t('error.too_large');
  if (/^Http/.test(error.code)) return t('error.between', { status: error.code.slice(4) });
  return /[.!?]$/.test(error.message) ? error.message : `${error.message}.`;
}

/** Formats an angle in whole degrees. */
export function degrees(angle) {
  return measure(Math.round(angle) + 0, 'degree', 0, 'narrow').replace('-', '−'); // + 0 makes -0 a 0
}

/** Describes a head's pose; degrees as in the API: yaw to the picture's right, pitch up, roll clockwise. */
export function turned({ Yaw, Pitch, Roll }) {
  const parts = [
    [Yaw, 'right', 'left'],
    [Pitch, 'up', 'down'],
    [Roll, 'clockwise', 'anticlockwise'],
  ]
    .filter(([angle]) => Math.abs(angle) >= 8)
    .map(([angle, more, less]) => t(`pose.${angle > 0 ? more : less}`, { angle: degrees(Math.abs(angle)) }));
  return parts.length ? listed(parts) : t('pose.straight');
}
