// A grid of faces, of which some can be chosen for what stands in a bar above it.

import { fill, h } from './dom.js';
import { t } from './language.js';
import { likeness } from './portraits.js';

/**
 * Makes the grid. `faces`: [{FaceId, …}]; `told`: (face) → what stands under it; `actions`: (chosen faces) → buttons;
 * `unseen`: whether a face is left out. Returns the element and `chosen`.
 */
export function tiles(app, collection, faces, told, actions) {
  const chosen = new Map();
  const bar = h('div', { class: 'selection', hidden: true, role: 'toolbar', 'aria-label': t('people.chosen_actions') });
  const list = h(
    'ul',
    { class: 'tiles' },
    faces.filter((face) => !app.undo.gone.has(face.FaceId)).map((face, i) => tile(face, i)),
  );

  function tile(face, i) {
    const under = told(face);
    const box = h('input', {
      type: 'checkbox',
      'aria-label': t('people.choose_face', { number: i + 1, what: under }),
      on: {
        change: () => {
          if (box.checked) chosen.set(face.FaceId, face);
          else chosen.delete(face.FaceId);
          draw();
        },
      },
    });
    return h(
      'li',
      {},
      h(
        'label',
        { class: 'tile' },
        box,
        likeness(app, collection, face.FaceId),
        h('span', { class: 'clip quiet small', text: under, title: under }),
      ),
    );
  }

  function draw() {
    bar.hidden = !chosen.size;
    const all = [...chosen.values()];
    fill(bar, h('strong', { text: t('people.chosen', { count: chosen.size }) }), chosen.size > 0 && actions(all));
  }

  list.addEventListener('keydown', (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const boxes = [...list.querySelectorAll('input')];
    const at = boxes.indexOf(document.activeElement);
    if (!step || at < 0) return;
    event.preventDefault();
    boxes[(at + step + boxes.length) % boxes.length].focus();
  });
  return h('div', { class: 'stack' }, bar, list);
}
