// Applies the quality filter to a face: compares the measurements of DetectFaces with the server's bars (about.json).

import { h, icon } from './dom.js';
import { t } from './language.js';
import { reason } from './words.js';

/**
 * Compares each measurement of a face with its bar, a row each.
 * `face`: a FaceDetail; `image`: the loaded picture; `bar`: of one filter. `fails` says whether the row refuses it.
 */
export function measured(face, image, bar) {
  const short = Math.min(face.BoundingBox.Width * image.naturalWidth, face.BoundingBox.Height * image.naturalHeight);
  const turn = Math.max(Math.abs(face.Pose.Yaw), Math.abs(face.Pose.Pitch));
  return [
    { code: 'EXTREME_POSE', name: 'turn', value: turn, bar: bar.turn, unit: 'degrees', most: true, scale: 90 },
    {
      code: 'LOW_BRIGHTNESS',
      name: 'brightness',
      value: face.Quality.Brightness,
      bar: bar.brightness,
      unit: 'plain',
      scale: 100,
    },
    {
      code: 'LOW_SHARPNESS',
      name: 'sharpness',
      value: face.Quality.Sharpness,
      bar: bar.sharpness,
      unit: 'plain',
      scale: 100,
    },
    { code: 'LOW_CONFIDENCE', name: 'confidence', value: face.Confidence, bar: bar.confidence, unit: 'percent', scale: 100 },
    {
      code: 'SMALL_BOUNDING_BOX',
      name: 'size',
      value: short,
      bar: bar.pixels,
      unit: 'pixels',
      scale: Math.max(160, 2 * bar.pixels),
    },
  ].map((row) => ({ ...row, fails: row.most ? row.value > row.bar : row.value < row.bar }));
}

/** Returns the codes of the bars that refuse a face; empty when it passes. */
export function refusals(face, image, bar) {
  return measured(face, image, bar)
    .filter((row) => row.fails)
    .map((row) => row.code);
}

/** Draws the rows: a gauge each, with a mark at the filter's bar. */
export function chart(face, image, bar) {
  return h(
    'div',
    { class: 'chart' },
    measured(face, image, bar).map((row) => {
      const filled = h('span', { class: 'filled' });
      filled.style.width = `${Math.min(100, (100 * row.value) / row.scale)}%`;
      const mark = h('span', { class: 'mark' });
      mark.style.left = `${Math.min(100, (100 * row.bar) / row.scale)}%`;
      const inUnit = (value) => t(`quality.${row.unit}`, { number: value });
      const need = t(row.most ? 'quality.at_most' : 'quality.at_least', { value: inUnit(row.bar) });
      return h(
        'div',
        { class: row.fails ? 'bad' : '' },
        h('span', { text: t(`quality.${row.name}`) }),
        h('span', { class: 'gauge', 'aria-hidden': 'true' }, filled, mark),
        h('span', { class: 'value', text: inUnit(Math.round(row.value)) }),
        h('span', { class: 'need quiet', text: need }),
      );
    }),
  );
}

/** Makes a line for each filter: whether it takes the face. */
export function verdicts(face, image, bars) {
  return h(
    'ul',
    { class: 'verdicts' },
    Object.entries(bars).map(([name, bar]) => {
      const codes = refusals(face, image, bar);
      return h(
        'li',
        { class: codes.length ? 'bad' : 'good' },
        icon(codes.length ? 'close' : 'check'),
        h('strong', { text: name }),
        h('span', { text: codes.length ? codes.map(reason).join(' ') : t('quality.taken') }),
      );
    }),
  );
}
