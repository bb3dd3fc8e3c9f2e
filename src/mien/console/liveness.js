// The page Liveness: tries a Face Liveness session with the browser's camera, and shows all that its verdict follows from.

import { fill, h, icon } from './dom.js';
import { has, number, t } from './language.js';
import { liveCheck } from './livecheck.js';
import { button, failure, head, note, working } from './parts.js';

const [LIKELY, UNLIKELY] = [80, 50]; // confidences

/** Makes the page. */
export function livenessPage(app) {
  const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  const colours = h('input', { type: 'checkbox', checked: !calm });
  const hint = h('span', { class: 'hint', text: t('live.colours_hint') });
  const result = h('div', { class: 'stack', 'aria-live': 'polite' });
  const begin = button(t('live.begin'), 'main', run, 'face', { 'data-key': 'o' });

  async function run() {
    begin.disabled = true;
    fill(result);
    try {
      const session = await liveCheck(app, colours.checked);
      if (session) {
        fill(result, working(t('live.judging')));
        fill(result, await verdict(app, session));
      }
    } catch (error) {
      fill(result, failure(error));
    }
    begin.disabled = false;
    begin.focus({ preventScroll: true });
  }

  return h(
    'div',
    { class: 'stack page' },
    head(t('live.title'), t('live.lead')),
    note('warn', t('live.warning')),
    h(
      'div',
      { class: 'card stack' },
      h('ol', { class: 'steps' }, ['alone', 'nearer', 'still'].map((each) => h('li', { text: t(`live.step_${each}`) }))),
      h('label', { class: 'check' }, colours, h('span', {}, t('live.colours'), hint)),
      h('div', { class: 'row' }, begin),
    ),
    result,
  );
}

/** Shows what a session came to. */
async function verdict(app, session) {
  const asked = { SessionId: session };
  const [found, told] = await Promise.all([
    app.api.call('GetFaceLivenessSessionResults', asked),
    app.api.call('Mien.GetLivenessEvidence', asked).catch(() => null), // a key may not be allowed to ask
  ]);
  if (found.Status !== 'SUCCEEDED') return note('bad', t('live.failed'));
  const { Confidence: confidence, ReferenceImage: reference } = found;
  const [kind, key] = verdictOf(confidence);
  const picture =
    reference?.Bytes && h('img', { class: 'portrait', alt: t('live.reference'), src: address(reference.Bytes) });
  const words = h(
    'div',
    { class: 'grow stack tight' },
    h('h2', { class: `state ${kind}` }, icon(kind === 'good' ? 'check' : 'warn'), t(key)),
    h('p', { text: t('live.confidence', { confidence: number(confidence, 1) }) }),
    h('p', { class: 'quiet small', text: t('live.promise') }),
  );
  const card = h('section', { class: 'card' }, h('div', { class: 'row top' }, picture, words));
  return [card, told && evidence(told.Evidence)];
}

function verdictOf(confidence) {
  if (confidence >= LIKELY) return ['good', 'live.likely'];
  return confidence >= UNLIKELY ? ['warn', 'live.unclear'] : ['bad', 'live.unlikely'];
}

/** Lists what the verdict follows from, the weakest first. */
function evidence(all) {
  const rows = all.map(({ Name: name, Score: score, Sentence: sentence }) => {
    const key = `evidence.${name.replaceAll(' ', '_')}`;
    const bar = h('progress', { max: 1, value: score, 'aria-label': t('live.score') });
    return h(
      'li',
      { class: 'stack tight' },
      h('div', { class: 'row between' }, h('strong', { text: has(key) ? t(key) : name }), h('span', { text: number(100 * score) })),
      bar,
      h('p', { class: 'quiet small', lang: 'en', text: sentence }),
    );
  });
  const title = h('h2', { text: t('live.evidence') });
  return h('section', { class: 'card stack' }, title, h('p', { class: 'quiet small', text: t('live.evidence_why') }), h('ul', { class: 'stack' }, rows));
}

function address(base64) {
  return URL.createObjectURL(new Blob([Uint8Array.from(atob(base64), (each) => each.charCodeAt(0))]));
}
