// Photographs into a collection: how they are taken, how far it is, and what was refused and why.

import { fill, h } from './dom.js';
import { dropZone } from './drop.js';
import { Indexing, csv } from './indexing.js';
import { button, choice, field, note } from './parts.js';
import { number, plural } from './words.js';

const SHOWN = 200;
const NAMINGS = [
  ['file', 'its file name'],
  ['path', 'its folder and file name'],
  ['folder', 'its folder’s name'],
  ['none', 'nothing'],
];
const FILTERS = [
  ['AUTO', 'AUTO, which suits most'],
  ['NONE', 'NONE, take every face'],
  ['LOW', 'LOW'],
  ['MEDIUM', 'MEDIUM'],
  ['HIGH', 'HIGH, only the best'],
];

/** Make the tab. The work is kept in `app.jobs`, so that it goes on behind other pages. */
export function addTab(app, collection) {
  const options = app.options;
  const progress = h('div', { class: 'stack' });
  const job = app.jobs.get(collection.name);
  if (job) follow(job);

  function take(files) {
    let work = app.jobs.get(collection.name);
    if (!work || work.isIdle) {
      work = new Indexing(app.api, app.album, collection.name, { ...options });
      app.jobs.set(collection.name, work);
      follow(work);
    }
    work.add(files);
  }

  function follow(work) {
    let awaited = false;
    const step = () => {
      // at most once a frame, since a thousand small pictures would draw a thousand times
      if (awaited) return;
      awaited = true;
      requestAnimationFrame(() => {
        awaited = false;
        if (!progress.isConnected && progress.childElementCount) return work.removeEventListener('step', step);
        fill(progress, report(work));
        if (work.isIdle) collection.describe().catch(() => {});
        return undefined;
      });
    };
    work.addEventListener('step', step);
    step();
  }

  const users = h('input', {
    type: 'checkbox',
    checked: options.users,
    on: {
      change: () => {
        options.users = users.checked;
        most.disabled = users.checked;
      },
    },
  });
  const most = choice(
    [
      ['0', 'every face'],
      ['1', 'the best face alone'],
      ['5', 'up to 5 faces'],
      ['20', 'up to 20 faces'],
    ],
    String(options.most),
    (value) => {
      options.most = Number(value);
    },
  );
  most.disabled = options.users;
  const settings = h(
    'div',
    { class: 'card settings' },
    field('Of each photograph take', most),
    field(
      'Quality filter',
      choice(FILTERS, options.filter, (value) => {
        options.filter = value;
      }),
    ),
    field(
      'Call a face by',
      choice(NAMINGS, options.naming, (value) => {
        options.naming = value;
      }),
    ),
    h(
      'label',
      { class: 'check' },
      users,
      h(
        'span',
        {},
        'Each folder is a person',
        h('span', { class: 'hint', text: 'A user is made for it and given the best face of each photograph.' }),
      ),
    ),
  );
  const zone = dropZone(
    'Drop photographs or folders',
    'As many as you like. The same photograph under the same name is stored once.',
    take,
    { many: true },
  );
  return h('div', { class: 'stack' }, zone, settings, progress);
}

function report(work) {
  const bar = h('progress', { max: Math.max(1, work.total), value: work.done, 'aria-label': 'Photographs done' });
  const told = [
    plural(work.faces, 'face') + ' indexed',
    work.refused.length && `${number(work.refused.length)} with refusals`,
    work.skipped &&
      `${plural(work.skipped, 'file')} skipped that ${work.skipped === 1 ? 'is no picture' : 'are no pictures'}`,
  ];
  const title = work.isIdle
    ? `Done: ${plural(work.total, 'photograph')}`
    : `${number(work.done)} of ${plural(work.total, 'photograph')}`;
  const top = h(
    'div',
    { class: 'row between' },
    h('div', {}, h('h2', { text: title }), h('p', { class: 'quiet', text: told.filter(Boolean).join(' · ') })),
    work.isIdle
      ? h('a', { class: 'button', href: `#/collections/${work.collection}/faces`, text: 'See the faces' })
      : button('Stop', '', () => work.cancel()),
  );
  return [
    h('section', { class: 'card stack', 'aria-label': 'Progress' }, top, bar),
    work.refused.length > 0 && refusals(work),
  ];
}

function refusals(work) {
  const rows = work.refused.slice(-SHOWN).reverse();
  const left = work.refused.length - rows.length;
  const list = h(
    'ul',
    { class: 'rows plain', tabIndex: 0, 'aria-label': 'What was refused' },
    rows.map(({ file, why }) =>
      h(
        'li',
        {},
        h(
          'div',
          { class: 'grow' },
          h('strong', { class: 'clip', text: file }),
          h('p', { class: 'quiet small', text: why }),
        ),
      ),
    ),
  );
  const top = h(
    'div',
    { class: 'row between' },
    h('h2', { text: 'Refused, and why' }),
    button('Save as CSV', '', () => save(work)),
  );
  return h(
    'section',
    { class: 'card stack' },
    top,
    list,
    left > 0 && note('plain', `The latest ${SHOWN} are shown, ${number(left)} more are in the CSV.`),
  );
}

function save(work) {
  const url = URL.createObjectURL(new Blob([csv(work.refused)], { type: 'text/csv' }));
  h('a', { href: url, download: `refused-${work.collection}.csv` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
