// Puts the attributes of a face into words, each with its confidence.

import { h } from './dom.js';

const EVEN = 50; // the confidence at which a yes or no says nothing
const FLAGS = [
  ['Smile', 'Smiles'],
  ['MouthOpen', 'Mouth open'],
  ['EyesOpen', 'Eyes open'],
  ['Eyeglasses', 'Eyeglasses'],
  ['Sunglasses', 'Sunglasses'],
  ['Beard', 'Beard'],
  ['Mustache', 'Mustache'],
  ['FaceOccluded', 'Covered'],
];
const UNKNOWN = 'not known';

/** Returns [name, words] of every attribute that a FaceDetail has. */
export function told(face) {
  const rows = [];
  if (face.AgeRange) rows.push(['Age', age(face.AgeRange)]);
  if (face.Gender) rows.push(['Gender', sure(face.Gender.Value, face.Gender.Confidence)]);
  if (face.Emotions) rows.push(['Emotion', emotion(face.Emotions)]);
  for (const [member, name] of FLAGS)
    if (face[member]) rows.push([name, sure(face[member].Value ? 'yes' : 'no', face[member].Confidence)]);
  if (face.EyeDirection) rows.push(['Eyes look', direction(face.EyeDirection)]);
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
  return confidence > EVEN ? `${word}, ${percent(confidence)}` : UNKNOWN;
}

function age({ Low, High }) {
  return Low === 0 && High === 100 ? UNKNOWN : `${Low} to ${High} years`;
}

function emotion([first]) {
  return first.Type === 'UNKNOWN' ? UNKNOWN : `${first.Type.toLowerCase()}, ${percent(first.Confidence)}`;
}

function direction({ Yaw, Pitch, Confidence }) {
  if (!Confidence) return UNKNOWN;
  const far = (angle, more, less) => Math.abs(angle) >= 10 && `${Math.round(Math.abs(angle))}° ${angle > 0 ? more : less}`;
  const parts = [far(Yaw, 'to the right', 'to the left'), far(Pitch, 'up', 'down')].filter(Boolean);
  return `${parts.join(', ') || 'straight ahead'}, ${percent(Confidence)}`;
}

/** Rounds a confidence down, so that none but certainty is 100%. */
function percent(confidence) {
  return `${Math.floor(confidence)}%`;
}
