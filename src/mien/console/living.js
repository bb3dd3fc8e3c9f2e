// How likely the faces of a photograph are living ones, told when it is asked for.

import { fill, h } from './dom.js';
import { number, t } from './language.js';
import { button, failure, working } from './parts.js';

/** Returns a function that makes the part of the panel for the face at a place; one call serves all faces. */
export function living(app, picture) {
  let asked;
  const ask = async () => {
    const { Faces: faces } = await app.api.call('Mien.DetectLivingFaces', { Image: await picture.image() });
    return faces;
  };
  return (place) => {
    const told = h('div', { class: 'living', 'aria-live': 'polite' });
    async function tell() {
      fill(told, working(t('living.asking')));
      try {
        fill(told, ...words((await (asked ??= ask()))[place]));
      } catch (error) {
        asked = undefined;
        fill(told, failure(error));
      }
    }
    if (asked) tell();
    else fill(told, button(t('living.ask'), 'plain', tell));
    return told;
  };
}

function words(face) {
  const sure = face?.LivingConfidence;
  const answer =
    sure === undefined
      ? [t('living.unknown'), ...(face?.Reasons ?? []).map((code) => t(`unclear.${code}`))].join(' ')
      : t('living.told', { confidence: number(sure) });
  return [h('p', { text: answer }), h('p', { class: 'quiet small', text: t('living.why') })];
}
