// Puts the attributes of a face into words, each with its confidence.

import { h } from './dom.js';
import { listed, percent, t } from './language.js';
import { degrees } from './words.js';

const FAR = 10; // degrees from which a direction is told
const EVEN = 50; // the confidence at which a yes or no says nothing
const FLAGS = ['Smile', 'MouthOpen', 'EyesOpen', 'Eyeglasses', 'Sunglasses', 'Beard', 'Mustache', 'FaceOccluded'];

/** Returns [name, words] of every attribute that a FaceDetail has. */
export function told(face) {
  const rows = [];
  if (face.AgeRange) rows.push([t('attribute.age'), age(face.AgeRange)]);
  if (face.Gender) rows.push([t('attribute.gender'), sure(t(`gender.${face.Gender.Value}`), face.Gender.Confidence)]);
  if (face.Emotions) rows.push([t('attribute.emotion'), emotion(face.Emotions)]);
  for (const name of FLAGS)
    if (face[name]) rows.push([t(`attribute.${name}`), sure(t(`attribute.${yes(face[name])}`), face[name].Confidence)]);
  if (face.EyeDirection) rows.push([t('attribute.gaze'), direction(face.EyeDirection)]);
  return rows;
}

/** Draws them as a list. */
export function attributes(face) {
  return h(
    'dl',
    { class: 'facts pairs' },
    told(face).map(([name, words]) => [h('dt', { text: name }), h('dd', { text: words })]),
  );
}

function sure(word, confidence) {
  return confidence > EVEN ? t('attribute.sure', { word, percent: percent(confidence) }) : t('attribute.unknown');
}

function yes({ Value }) {
  return Value ? 'yes' : 'no';
}

function age({ Low, High }) {
  return Low === 0 && High === 100 ? t('attribute.unknown') : t('attribute.years', { low: Low, high: High });
}

function emotion([first]) {
  if (first.Type === 'UNKNOWN') return t('attribute.unknown');
  return t('attribute.sure', { word: t(`emotion.${first.Type}`), percent: percent(first.Confidence) });
}

function direction({ Yaw, Pitch, Confidence }) {
  if (!Confidence) return t('attribute.unknown');
  const far = (angle, more, less) =>
    Math.abs(angle) >= FAR && t(angle > 0 ? more : less, { angle: degrees(Math.abs(angle)) });
  const parts = [far(Yaw, 'attribute.to_right', 'attribute.to_left'), far(Pitch, 'pose.up', 'pose.down')].filter(Boolean);
  const word = parts.length ? listed(parts) : t('pose.straight');
  return t('attribute.sure', { word, percent: percent(Confidence) });
}
