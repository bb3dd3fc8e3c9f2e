// The page Collections, and the frame around one collection: its name, its tabs, and its deletion.

import { addTab } from './add.js';
import { fill, h, icon } from './dom.js';
import { facesTab } from './faces.js';
import { filmTab } from './film.js';
import { day, rich, t } from './language.js';
import { ask, attempt, button, confirm, empty, field, head, note, pages, say } from './parts.js';
import { peopleTab } from './people.js';
import { searchTab } from './search.js';

const NAME = '[a-zA-Z0-9_.\\-]+';
/** The tabs of a collection. */
export const TABS = { people: peopleTab, faces: facesTab, add: addTab, search: searchTab, film: filmTab };

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
      t('collections.none'),
      t('collections.none_why'),
      button(t('collections.new'), 'main', make, 'plus', { 'data-key': 'n' }),
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
  return h(
    'div',
    { class: 'stack page' },
    head(
      t('collections.title'),
      t('collections.lead'),
      button(t('collections.new'), 'main', make, 'plus', { 'data-key': 'n' }),
    ),
    list.element,
  );
}

function card(app, { name, version }) {
  const counts = h('p', { class: 'quiet', text: ' ' });
  app
    .queue(() => app.api.call('DescribeCollection', { CollectionId: name }))
    .then(
      (found) => fill(counts, tally(found)),
      () => fill(counts, t('collections.not_counted')),
    );
  const foreign = app.about && version !== app.about.pack.model_version;
  return h(
    'li',
    {},
    h(
      'a',
      { class: 'card link', href: `#/collections/${name}/people` },
      h('h2', { text: name }),
      counts,
      foreign && h('p', { class: 'chip warn', text: t('collections.foreign') }),
    ),
  );
}

function tally(found) {
  return t('collections.tally', { ...counted(found), day: day(1000 * found.CreationTimestamp) });
}

function counted(found) {
  return {
    faces: t('count.faces', { count: found.FaceCount }),
    users: t('count.users', { count: found.UserCount }),
  };
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
  const portraits = h('input', { type: 'checkbox' });
  const hint = h('span', { class: 'hint', text: t('collections.portraits_hint') });
  return ask(
    t('collections.new'),
    h(
      'div',
      { class: 'stack' },
      field(t('collections.name'), name, t('collections.name_hint')),
      h('label', { class: 'check' }, portraits, h('span', {}, t('collections.portraits'), hint)),
    ),
    t('collections.create'),
    async () => {
      const tags = portraits.checked ? { Tags: { 'mien:portraits': 'true' } } : {};
      await app.api.call('CreateCollection', { CollectionId: name.value, ...tags });
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
    Object.assign(state, { faces: found.FaceCount, users: found.UserCount, arn: found.CollectionARN });
    fill(counts, tally(found));
    const foreign = app.about && found.FaceModelVersion !== app.about.pack.model_version;
    fill(
      warning,
      foreign &&
        note(
          'warn',
          rich('collection.foreign', {
            pack: app.about.pack.name,
            command: h('code', {
              text: `mien reindex --collection ${name} --pack ${app.about.pack.name} --images FOLDER`,
            }),
          }),
        ),
    );
    return found;
  }
  const warning = h('div');
  const described = describe();
  const tabs = Object.keys(TABS).map((each) =>
    h('a', {
      href: `#/collections/${name}/${each}`,
      'aria-current': each === tab ? 'page' : null,
      text: t(`collection.${each}`),
    }),
  );
  const back = h('a', { class: 'back', href: '#/collections' }, icon('previous'), t('collections.title'));
  const title = h(
    'div',
    { class: 'head' },
    h('div', {}, back, h('h1', { text: name }), h('p', { class: 'quiet' }, counts)),
    h(
      'div',
      { class: 'row' },
      button(t('parts.delete'), 'bad brief', () => remove(app, state), 'trash', {
        'aria-label': t('collection.delete_it', { name }),
      }),
    ),
  );
  const body = h('div', { class: 'stack' });
  described.then(
    () => fill(body, TABS[tab](app, state, query)),
    (error) =>
      attempt(() => {
        fill(body, empty('stack', t('collection.absent'), t('collection.absent_why', { name })));
        throw error;
      }),
  );
  return h(
    'div',
    { class: 'stack page' },
    title,
    h('nav', { class: 'tabs', 'aria-label': t('collection.parts') }, tabs),
    warning,
    body,
  );
}

async function remove(app, state) {
  const held = await attempt(() => state.describe());
  if (!held) return;
  const what =
    held.FaceCount || held.UserCount
      ? t('collection.goes_with_it', counted(held))
      : t('collection.empty');
  const done = await confirm(
    t('collection.delete_title', { name: state.name }),
    what,
    t('collection.delete'),
    () => app.api.call('DeleteCollection', { CollectionId: state.name }),
    held.FaceCount ? state.name : '',
  );
  if (!done) return;
  say(t(held.FaceCount ? 'collection.deleted_with' : 'collection.deleted', { name: state.name, ...counted(held) }));
  app.go('#/collections');
}
