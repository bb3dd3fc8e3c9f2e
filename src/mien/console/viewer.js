// A photograph with its faces drawn over it. Boxes are buttons, so that the keyboard reaches each face.

import { fill, h, svg } from './dom.js';
import { t } from './language.js';

/**
 * Draws faces over a picture.
 * `image`: a loaded <img>; `faces`: [{box, landmarks?, pose?, label?, kind?, name}], `kind` 'good', 'warn' or 'bad';
 * `choose`: called with a face's number. Returns the element, `select(number)` and `mark(number, {kind, label, name})`.
 */
export function viewer(image, faces, choose = null) {
  const width = 1000;
  const height = (width * image.naturalHeight) / image.naturalWidth;
  const lines = svg('svg', { viewBox: `0 0 ${width} ${height}`, 'aria-hidden': 'true', preserveAspectRatio: 'none' });
  const buttons = faces.map((face, i) => {
    const frame = h('button', {
      type: 'button',
      on: { click: () => choose?.(i) },
    });
    place(frame, face.box);
    paint(frame, face);
    return frame;
  });
  const dots = faces.flatMap((face) =>
    (face.landmarks ?? []).map((point) => {
      const dot = h('i', { class: 'dot', 'data-landmark': point.Type });
      dot.style.left = `${100 * point.X}%`;
      dot.style.top = `${100 * point.Y}%`;
      dot.style.setProperty('--size', `${5 * face.box.Width}cqw`); // small faces get small points
      return dot;
    }),
  );
  for (const face of faces) if (face.pose) lines.append(...gaze(face, width, height));
  image.alt = t('viewer.alt', { count: faces.length });
  const element = h('figure', { class: 'viewer' }, image, lines, dots, buttons);
  element.style.aspectRatio = `${image.naturalWidth} / ${image.naturalHeight}`;
  element.style.setProperty('--ratio', image.naturalWidth / image.naturalHeight);
  element.addEventListener('keydown', (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const at = buttons.indexOf(document.activeElement);
    if (!step || at < 0) return;
    event.preventDefault();
    const next = (at + step + buttons.length) % buttons.length;
    buttons[next].focus();
    choose?.(next);
  });
  function select(number) {
    buttons.forEach((each, i) => {
      each.classList.toggle('chosen', i === number);
      each.setAttribute('aria-pressed', String(i === number));
    });
  }
  function mark(number, how) {
    const wasChosen = buttons[number].classList.contains('chosen');
    paint(buttons[number], { ...faces[number], ...how });
    buttons[number].classList.toggle('chosen', wasChosen);
  }
  return { element, select, mark };
}

/** Gives a box its colour, label and name. */
export function paint(frame, { box, kind = '', label = '', name }) {
  frame.className = `box ${kind}`;
  frame.classList.toggle('end', box.Left > 0.6); // the label stays within the picture
  frame.classList.toggle('low', box.Top + box.Height > 0.9);
  frame.setAttribute('aria-label', name);
  fill(frame, label && h('span', { class: 'label', text: label }));
}

/** Puts a box of the API over its picture. */
export function place(element, box) {
  element.style.left = `${100 * box.Left}%`;
  element.style.top = `${100 * box.Top}%`;
  element.style.width = `${100 * box.Width}%`;
  element.style.height = `${100 * box.Height}%`;
}

/** Draws the direction of a face: a line from the nose, the longer the more it is turned. */
function gaze(face, width, height) {
  const nose = face.landmarks?.find((point) => point.Type === 'nose');
  if (!nose) return [];
  const long = face.box.Width * width;
  const [yaw, pitch] = [face.pose.Yaw, face.pose.Pitch].map((angle) => (angle * Math.PI) / 180);
  const from = { x: nose.X * width, y: nose.Y * height };
  const to = { x: from.x + long * Math.sin(yaw), y: from.y - long * Math.sin(pitch) };
  const ends = { x1: from.x, y1: from.y, x2: to.x, y2: to.y };
  return [svg('line', { class: 'gaze under', ...ends }), svg('line', { class: 'gaze', ...ends })];
}
