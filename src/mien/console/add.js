// The tab Add: drops photographs into a collection, and shows progress, refusals and their reasons.

import { fill, h } from './dom.js';
import { dropZone } from './drop.js';
import { Indexing, csv } from './indexing.js';
import { button, choice, field } from './parts.js';
import { number, plural } from './words.js';

const SHOWN = 200; // refusals on the page
const OFTEN = 100; // milliseconds between two drawings
const MOSTS = [
  ['0', 'every face'],
  ['1', 'only the best face'],
  ['5', 'up to 5 faces'],
  ['20', 'up to 20 faces'],
];
const NAMINGS = [
  ['file', 'its file name'],
  ['path', 'its folder and file name'],
  ['folder', 'its folder’s name'],
  ['none', 'nothing'],
];
const FILTERS = [
  ['AUTO', 'AUTO, the default'],
  ['NONE', 'NONE, every face'],
  ['LOW', 'LOW'],
  ['MEDIUM', 'MEDIUM'],
  ['HIGH', 'HIGH, only the best'],
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

  const most = choice(MOSTS, String(options.most), (value) => {
    options.most = Number(value);
  });
  const filter = choice(FILTERS, options.filter, (value) => {
    options.filter = value;
  });
  const naming = choice(NAMINGS, options.naming, (value) => {
    options.naming = value;
  });
  const users = h('input', { type: 'checkbox', checked: options.users });
  users.addEventListener('change', () => {
    options.users = users.checked;
    most.disabled = users.checked;
  });
  most.disabled = options.users;
  const hint = h('span', { class: 'hint', text: 'A user is made for it and given the best face of each photograph.' });
  const settings = h(
    'div',
    { class: 'card settings' },
    field('Of each photograph take', most),
    field('Quality filter', filter),
    field('Call a face by', naming),
    h('label', { class: 'check' }, users, h('span', {}, 'Each folder is a person', hint)),
  );
  const zone = dropZone(
    'Drop photographs or folders',
    'As many as you like. The same photograph under the same name is stored once.',
    take,
    { many: true },
  );
  return h('div', { class: 'stack' }, zone, settings, progress);
}

/** Makes the progress report: its elements, and `draw` to update them. */
function report(work) {
  const title = h('h2');
  const told = h('p', { class: 'quiet' });
  const bar = h('progress', { 'aria-label': 'Photographs done' });
  const stop = button('Stop', '', () => work.cancel());
  const see = h('a', { class: 'button', href: `#/collections/${work.collection}/faces`, text: 'See the faces' });
  const top = h('div', { class: 'row between' }, h('div', {}, title, told), stop, see);
  const refused = refusals(work);
  function draw() {
    const all = plural(work.total, 'photograph');
    title.textContent = work.isIdle ? `Done: ${all}` : `${number(work.done)} of ${all}`;
    told.textContent = tally(work);
    Object.assign(bar, { max: Math.max(1, work.total), value: work.done });
    stop.hidden = work.isIdle;
    see.hidden = !work.isIdle;
    refused.draw();
  }
  draw();
  return {
    elements: [h('section', { class: 'card stack', 'aria-label': 'Progress' }, top, bar), refused.element],
    draw,
  };
}

function tally({ faces, refused, skipped }) {
  const parts = [`${plural(faces, 'face')} indexed`];
  if (refused.length) parts.push(`${number(refused.length)} with refusals`);
  if (skipped)
    parts.push(`${plural(skipped, 'file')} skipped that ${skipped === 1 ? 'is no picture' : 'are no pictures'}`);
  return parts.join(' · ');
}

/** Makes the list of refusals, the latest first: its element, and `draw` to update it. */
function refusals(work) {
  const list = h('ul', { class: 'rows plain', tabIndex: 0, 'aria-label': 'What was refused' });
  const left = h('p', { class: 'quiet small' });
  const top = h(
    'div',
    { class: 'row between' },
    h('h2', { text: 'Refused, and why' }),
    button('Save as CSV', '', () => save(work)),
  );
  const element = h('section', { class: 'card stack' }, top, list, left);
  let drawn = -1;
  function draw() {
    const { length } = work.refused;
    if (length === drawn) return;
    drawn = length;
    element.hidden = !length;
    left.hidden = length <= SHOWN;
    left.textContent = `The latest ${SHOWN} are shown; the CSV has all ${number(length)}.`;
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
