// The list of those who are seen in a film: since when, until when, and how often.

import { h, icon } from './dom.js';
import { t } from './language.js';
import { button, iconButton } from './parts.js';
import { clock } from './player.js';

/**
 * Makes the list. `film`: {length, now(), seek(time), choose(person), name(person), portrait(person, frame)}, in
 * milliseconds; `portrait` fills the frame.
 * Returns the element and `draw(seen, chosen, part)`: `seen` as Following has it, `chosen` the chosen person, `part` of
 * the names that are shown.
 */
export function cast(film) {
  const rows = new Map(); // person → row
  const element = h('ul', { class: 'cast stack' });
  const none = h('p', { class: 'quiet' });

  function draw(seen, chosen, part) {
    const wanted = part.trim().toLowerCase();
    const shown = seen.filter(({ person }) => titled(person).toLowerCase().includes(wanted));
    for (const [person, row] of rows)
      if (!shown.some((each) => each.person === person)) {
        row.element.remove();
        rows.delete(person);
      }
    shown.forEach((each, i) => {
      if (!rows.has(each.person)) rows.set(each.person, member(film, each.person));
      const row = rows.get(each.person);
      row.draw(each.spans, each.person === chosen);
      if (element.children[i] !== row.element) element.insertBefore(row.element, element.children[i] ?? null);
    });
    none.hidden = shown.length > 0;
    none.textContent = wanted && seen.length ? t('film.none_found', { part }) : t('film.nobody');
  }

  return { element: h('div', { class: 'stack' }, none, element), draw };
}

/** Returns what a person of a film is called. */
export function titled({ name, number }) {
  return number ? t('film.unknown', { number }) : name;
}

/** Makes a strip that stands for a film of `length` milliseconds, with a bar for each of `spans`. */
export function strip(spans, length) {
  const bars = spans.map(([from, to]) => {
    const bar = h('i');
    bar.style.left = `${(100 * from) / length}%`;
    bar.style.width = `${(100 * (to - from)) / length}%`;
    return bar;
  });
  return h('div', { class: 'spans', 'aria-hidden': 'true' }, bars);
}

/** Makes the row of a person. */
function member(film, person) {
  let times = [];
  let drawn = '';
  const title = h('button', { type: 'button', class: 'name plain-button', on: { click: () => film.choose(person) } });
  const [first, last] = [0, 1].map((end) =>
    h('button', {
      type: 'button',
      class: 'time',
      on: { click: () => film.seek(end ? times.at(-1)[1] : times[0][0]) },
    }),
  );
  const often = h('span', { class: 'quiet small' });
  const line = strip([], film.length);
  line.addEventListener('click', jump);
  const frame = h('span', { class: 'likeness' }, icon('user'));
  const who = button(t('search.name'), '', () => film.name(person), 'user');
  const earlier = iconButton('', 'previous', () => film.seek(beside(-1)));
  const later = iconButton('', 'next', () => film.seek(beside(1)));
  const steps = h('div', { class: 'row between' }, h('div', { class: 'row' }, earlier, later), who);
  const when = h('p', { class: 'row small' }, first, h('span', { 'aria-hidden': 'true', text: '–' }), last, often);
  const words = h('div', { class: 'grow' }, title, when);
  const element = h('li', { class: 'card stack tight' }, h('div', { class: 'row' }, frame, words), line, steps);

  function jump(event) {
    const { left, width } = line.getBoundingClientRect();
    film.seek((film.length * (event.clientX - left)) / width);
  }

  /** Returns where the next time begins, or the one before. */
  function beside(step) {
    const starts = times.map(([from]) => from);
    const now = film.now();
    const found = step > 0 ? starts.find((each) => each > now + 1) : starts.findLast((each) => each < now - 500);
    return found ?? (step > 0 ? starts.at(-1) : starts[0]);
  }

  function draw(spans, isChosen) {
    times = spans;
    const called = titled(person);
    element.classList.toggle('chosen', isChosen);
    title.setAttribute('aria-pressed', String(isChosen));
    film.portrait(person, frame);
    const state = JSON.stringify([called, spans]);
    if (state === drawn) return;
    drawn = state;
    title.textContent = called;
    who.hidden = !person.number;
    who.setAttribute('aria-label', t('film.name_it', { name: called }));
    label(first, t('film.first', { name: called }), spans[0][0]);
    label(last, t('film.last', { name: called }), spans.at(-1)[1]);
    often.textContent = t('film.times', { count: spans.length });
    line.replaceChildren(...strip(spans, film.length).children);
    name(earlier, t('film.earlier', { name: called }));
    name(later, t('film.later', { name: called }));
    earlier.hidden = later.hidden = spans.length < 2;
  }

  function label(made, what, time) {
    made.textContent = clock(time);
    name(made, `${what}: ${clock(time)}`);
  }

  function name(made, what) {
    made.title = what;
    made.setAttribute('aria-label', what);
  }

  return { element, draw };
}
