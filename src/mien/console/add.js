// The tab Add: drops photographs into a collection, and shows progress, refusals and their reasons.

import { fill, h } from './dom.js';
import { dropZone } from './drop.js';
import { Indexing, csv } from './indexing.js';
import { t } from './language.js';
import { button, choice, field } from './parts.js';

const SHOWN = 200; // refusals on the page
const OFTEN = 100; // milliseconds between two drawings
const MOSTS = [
  ['0', 'add.all'],
  ['1', 'add.best'],
  ['5', 'add.up_to'],
  ['20', 'add.up_to'],
];
const NAMINGS = [
  ['file', 'add.by_file'],
  ['path', 'add.by_path'],
  ['folder', 'add.by_folder'],
  ['none', 'add.by_nothing'],
];
const FILTERS = [
  ['AUTO', 'add.filter_auto'],
  ['NONE', 'add.filter_none'],
  ['LOW'],
  ['MEDIUM'],
  ['HIGH', 'add.filter_high'],
];

/** Makes the tab. The work is kept in `app.jobs`, so that it continues while another page is shown. */
export function addTab(app, collection) {
  const options = app.options;
  const progress = h('div', { class: 'stack' });
  const job = app.jobs.get(collection.name);
  if (job) follow(job);

  function take(files) {
    const running = app.jobs.get(collection.name);
    if (running && !running.isIdle) return running.add(files);
    const work = new Indexing(app.api, app.album, collection.name, { ...options });
    app.jobs.set(collection.name, work);
    work.add(files);
    return follow(work);
  }

  function follow(work) {
    const shown = report(work);
    fill(progress, shown.elements);
    let awaited = false;
    const step = () => {
      if (awaited) return; // otherwise a thousand small photographs would redraw a thousand times
      awaited = true;
      setTimeout(() => {
        awaited = false;
        if (!progress.contains(shown.elements[0])) return;
        shown.draw();
        if (work.isIdle) collection.describe().catch(() => {}); // only for the counts above
      }, OFTEN);
    };
    work.addEventListener('step', step);
  }

  const most = choice(labelled(MOSTS), String(options.most), (value) => {
    options.most = Number(value);
  });
  const filter = choice(labelled(FILTERS), options.filter, (value) => {
    options.filter = value;
  });
  const naming = choice(labelled(NAMINGS), options.naming, (value) => {
    options.naming = value;
  });
  const users = h('input', { type: 'checkbox', checked: options.users });
  users.addEventListener('change', () => {
    options.users = users.checked;
    most.disabled = users.checked;
  });
  most.disabled = options.users;
  const hint = h('span', { class: 'hint', text: t('add.persons_hint') });
  const settings = h(
    'div',
    { class: 'card settings' },
    field(t('add.take'), most),
    field(t('add.filter'), filter),
    field(t('add.call'), naming),
    h('label', { class: 'check' }, users, h('span', {}, t('add.persons'), hint)),
  );
  const zone = dropZone(t('add.drop'), t('add.drop_hint'), take, { many: true });
  return h('div', { class: 'stack' }, zone, settings, progress);
}

/** Puts the options of a choice into words: pairs of value and text. */
function labelled(options) {
  return options.map(([value, key]) => [value, key ? t(key, { number: Number(value), filter: value }) : value]);
}

/** Makes the progress report: its elements, and `draw` to update them. */
function report(work) {
  const title = h('h2');
  const told = h('p', { class: 'quiet' });
  const bar = h('progress', { 'aria-label': t('add.bar') });
  const stop = button(t('add.stop'), '', () => work.stop());
  const pause = button(t('add.pause'), '', () => (work.isPaused ? work.resume() : work.pause()));
  const see = h('a', { class: 'button', href: `#/collections/${work.collection}/faces`, text: t('add.see') });
  const top = h('div', { class: 'row between' }, h('div', {}, title, told), h('div', { class: 'row' }, pause, stop, see));
  const refused = refusals(work);
  function draw() {
    const photographs = t('count.photographs', { count: work.total });
    title.textContent = t(state(work), { done: work.done, photographs });
    told.textContent = tally(work);
    Object.assign(bar, { max: Math.max(1, work.total), value: work.done });
    stop.hidden = pause.hidden = work.isIdle || work.isStopped;
    pause.querySelector('span').textContent = t(work.isPaused ? 'add.resume' : 'add.pause');
    see.hidden = !work.isIdle;
    refused.draw();
  }
  draw();
  return {
    elements: [h('section', { class: 'card stack', 'aria-label': t('add.progress') }, top, bar), refused.element],
    draw,
  };
}

/** Returns the key of the title that says how far the work is. */
function state(work) {
  if (work.isIdle) return work.isStopped ? 'add.stopped' : 'add.done';
  if (work.isStopped) return 'add.stopping';
  return work.isPaused ? 'add.paused' : 'add.so_far';
}

function tally({ indexed, known, refused, skipped, after }) {
  const parts = [t('add.indexed', { count: indexed.size })];
  if (known) parts.push(t('add.known', { count: known }));
  if (refused.length) parts.push(t('add.with_refusals', { count: refused.length }));
  if (skipped) parts.push(t('add.skipped', { count: skipped }));
  if (after !== null) parts.push(t('add.holds', { faces: t('count.faces', { count: after }) }));
  return parts.join(' · ');
}

/** Makes the list of refusals, the latest first: its element, and `draw` to update it. */
function refusals(work) {
  const list = h('ul', { class: 'rows plain', tabIndex: 0, 'aria-label': t('add.refused_list') });
  const left = h('p', { class: 'quiet small' });
  const top = h(
    'div',
    { class: 'row between' },
    h('h2', { text: t('add.refused') }),
    button(t('add.save'), '', () => save(work)),
  );
  const element = h('section', { class: 'card stack' }, top, list, left);
  let drawn = -1;
  function draw() {
    const { length } = work.refused;
    if (length === drawn) return;
    drawn = length;
    element.hidden = !length;
    left.hidden = length <= SHOWN;
    left.textContent = t('add.latest', { shown: SHOWN, number: length });
    fill(list, work.refused.slice(-SHOWN).reverse().map(row));
  }
  return { element, draw };
}

function row({ file, why }) {
  const words = [h('strong', { class: 'clip', text: file }), h('p', { class: 'quiet small', text: why })];
  return h('li', {}, h('div', { class: 'grow' }, words));
}

function save(work) {
  const url = URL.createObjectURL(new Blob([csv(work.refused)], { type: 'text/csv' }));
  h('a', { href: url, download: `refused-${work.collection}.csv` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
