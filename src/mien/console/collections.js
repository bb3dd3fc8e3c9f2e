// The page Collections, and the frame around one collection: its name, its tabs, and its deletion.

import { addTab } from './add.js';
import { fill, h, icon } from './dom.js';
import { facesTab } from './faces.js';
import { ask, attempt, button, confirm, empty, field, head, note, pages, say } from './parts.js';
import { searchTab } from './search.js';
import { usersTab } from './users.js';
import { number, plural } from './words.js';

const NAME = '[a-zA-Z0-9_.\\-]+';
const TABS = {
  faces: ['Faces', facesTab],
  users: ['Users', usersTab],
  add: ['Add', addTab],
  search: ['Search', searchTab],
};

/** Makes the page with all collections. */
export function collectionsPage(app) {
  const make = () => create(app);
  const read = async (token) => {
    const answer = await app.api.call('ListCollections', { MaxResults: 24, NextToken: token });
    const items = answer.CollectionIds.map((name, i) => ({ name, version: answer.FaceModelVersions[i] }));
    return { items, next: answer.NextToken };
  };
  const none = () =>
    empty(
      'stack',
      'No collection yet',
      'A collection holds the faces that a search compares with. Create one, then drop photographs into it.',
      button('New collection', 'main', make, 'plus', { 'data-key': 'n' }),
    );
  const list = pages(
    read,
    (items) =>
      h(
        'ul',
        { class: 'cards' },
        items.map((each) => card(app, each)),
      ),
    none,
  );
  const lead = 'The faces that searches compare with. Photographs are not kept, only measurements and embeddings.';
  return h(
    'div',
    { class: 'stack page' },
    head('Collections', lead, button('New collection', 'main', make, 'plus', { 'data-key': 'n' })),
    list.element,
  );
}

function card(app, { name, version }) {
  const counts = h('p', { class: 'quiet', text: ' ' });
  app
    .queue(() => app.api.call('DescribeCollection', { CollectionId: name }))
    .then(
      (found) => fill(counts, tally(found)),
      () => fill(counts, 'Not counted'),
    );
  const foreign = app.about && version !== app.about.pack.model_version;
  return h(
    'li',
    {},
    h(
      'a',
      { class: 'card link', href: `#/collections/${name}/faces` },
      h('h2', { text: name }),
      counts,
      foreign && h('p', { class: 'chip warn', text: 'made by another pack' }),
    ),
  );
}

function tally(found) {
  const made = new Date(1000 * found.CreationTimestamp).toLocaleDateString('en', { dateStyle: 'medium' });
  return `${plural(found.FaceCount, 'face')}, ${plural(found.UserCount, 'user')} · ${made}`;
}

function create(app) {
  const name = h('input', {
    type: 'text',
    required: true,
    pattern: NAME,
    maxLength: 255,
    autocomplete: 'off',
    spellcheck: false,
  });
  return ask(
    'New collection',
    field('Name', name, 'Letters, digits, dots, dashes and underscores. It cannot be changed later.'),
    'Create',
    async () => {
      await app.api.call('CreateCollection', { CollectionId: name.value });
      app.go(`#/collections/${name.value}/add`);
    },
  );
}

/** Makes the page of one collection at one of its tabs; `query` has the parameters of its address. */
export function collectionPage(app, name, tab, query) {
  const counts = h('span', { text: ' ' });
  const state = { name, faces: 0, users: 0, describe };
  async function describe() {
    const found = await app.api.call('DescribeCollection', { CollectionId: name });
    Object.assign(state, { faces: found.FaceCount, users: found.UserCount });
    fill(counts, tally(found));
    const foreign = app.about && found.FaceModelVersion !== app.about.pack.model_version;
    fill(
      warning,
      foreign &&
        note(
          'warn',
          `This collection was made by another pack. The pack ${app.about.pack.name} can list it, but neither search it nor add to it. Serve it with the pack that made it, or bring it to this one: mien reindex --collection ${name} --pack ${app.about.pack.name} --images FOLDER.`,
        ),
    );
    return found;
  }
  const warning = h('div');
  const described = describe();
  const tabs = Object.entries(TABS).map(([each, [label]]) =>
    h('a', { href: `#/collections/${name}/${each}`, 'aria-current': each === tab ? 'page' : null, text: label }),
  );
  const back = h('a', { class: 'back', href: '#/collections' }, icon('previous'), 'Collections');
  const title = h(
    'div',
    { class: 'head' },
    h('div', {}, back, h('h1', { text: name }), h('p', { class: 'quiet' }, counts)),
    h(
      'div',
      { class: 'row' },
      button('Delete', 'bad brief', () => remove(app, state), 'trash', {
        'aria-label': `Delete the collection ${name}`,
      }),
    ),
  );
  const body = h('div', { class: 'stack' });
  described.then(
    () => fill(body, TABS[tab][1](app, state, query)),
    (error) =>
      attempt(() => {
        fill(body, empty('stack', 'Not available', `The collection ${name} cannot be shown.`));
        throw error;
      }),
  );
  return h(
    'div',
    { class: 'stack page' },
    title,
    h('nav', { class: 'tabs', 'aria-label': 'Parts of the collection' }, tabs),
    warning,
    body,
  );
}

async function remove(app, state) {
  const held = await attempt(() => state.describe());
  if (!held) return;
  const what =
    held.FaceCount || held.UserCount
      ? `Its ${plural(held.FaceCount, 'face')} and ${plural(held.UserCount, 'user')} go with it. They come back only by indexing the photographs again.`
      : 'It is empty.';
  const done = await confirm(
    `Delete ${state.name}?`,
    what,
    'Delete the collection',
    () => app.api.call('DeleteCollection', { CollectionId: state.name }),
    held.FaceCount ? state.name : '',
  );
  if (!done) return;
  say(`${state.name} is deleted${held.FaceCount ? `, with ${number(held.FaceCount)} faces` : ''}.`);
  app.go('#/collections');
}
