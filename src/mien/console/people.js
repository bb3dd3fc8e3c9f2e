// The tab People: who is not named yet, questions, and everybody who is.

import { fill, h } from './dom.js';
import { Deeds } from './deeds.js';
import { t } from './language.js';
import { button, choice, empty, note, pages } from './parts.js';
import { personView } from './persona.js';
import { likeness } from './portraits.js';
import { groupView, strangers } from './strangers.js';
import { suggestions } from './suggestions.js';

const PAGE = 60;

/** Makes the tab; `person` or `group` in `query` opens one of them. */
export function peopleTab(app, collection, query) {
  const deeds = new Deeds(app, collection.name);
  const [person, group] = [query.get('person'), query.get('group')];
  const made = person
    ? personView(app, deeds, person)
    : group
      ? groupView(app, deeds, group)
      : everybody(app, deeds, collection, query);
  app.undo.after = () => made.element.isConnected && made.load();
  return h('div', { class: 'stack' }, made.element, app.undo.bar);
}

function everybody(app, deeds, collection, query) {
  const load = async () => {
    await Promise.all([unknown.load(), asked.load(), known.load()]);
    await collection.describe().catch(() => {});
  };
  const changed = () => load();
  const unknown = strangers(app, deeds, query, changed);
  const asked = suggestions(app, deeds, null, changed);
  const known = all(app, deeds, changed);
  const plain = h('div');
  explainIcons(app, collection, plain);
  const element = h('div', { class: 'stack sections' }, plain, unknown.element, asked.element, known.element);
  return { element, load };
}

/** Says why faces are shown by an icon, where the collection keeps no portraits. */
async function explainIcons(app, collection, place) {
  const asked = app.api.call('ListTagsForResource', { ResourceArn: collection.arn });
  const found = await asked.catch(() => null); // a key may not be allowed to ask
  if (found && found.Tags['mien:portraits'] !== 'true') fill(place, note('plain', t('people.no_portraits')));
}

/** Makes the grid of all people, with a filter and an order. */
function all(app, deeds) {
  let contains = '';
  let order = 'NAME';
  let waiting;
  const read = async (token) => {
    const found = await deeds.call('Mien.ListPeople', {
      MaxResults: PAGE,
      NextToken: token,
      SortBy: order,
      Contains: contains || undefined,
    });
    return { items: found.People, next: found.NextToken };
  };
  const none = () =>
    contains
      ? h('p', { class: 'quiet', text: t('people.none_found', { part: contains }) })
      : empty('user', t('people.nobody'), t('people.nobody_why'));
  const list = pages(read, (people) => h('ul', { class: 'faces-grid' }, people.map(tile)), none);

  function tile(person) {
    const href = `#/collections/${deeds.collection}/people?person=${encodeURIComponent(person.UserId)}`;
    return h(
      'li',
      {},
      h(
        'a',
        { class: 'tile', href },
        likeness(app, deeds.collection, person.Portrait),
        h('strong', { class: 'clip', text: person.DisplayName, title: person.DisplayName }),
        h('span', { class: 'quiet small', text: t('count.faces', { count: person.FaceCount }) }),
      ),
    );
  }

  const filter = h('input', {
    type: 'search',
    placeholder: t('people.filter'),
    'aria-label': t('people.filter'),
    'data-key': '/',
    on: {
      input: () => {
        clearTimeout(waiting);
        waiting = setTimeout(() => {
          contains = filter.value.trim();
          fresh();
        }, 200);
      },
    },
  });
  const sorted = choice(
    [
      ['NAME', t('people.by_name')],
      ['FACES', t('people.by_faces')],
      ['NEWEST', t('people.by_newest')],
    ],
    order,
    (value) => {
      order = value;
      fresh();
    },
  );
  sorted.setAttribute('aria-label', t('people.order'));
  const place = h('div', {}, list.element);
  let shown = list;

  /** Begins with the first page: a token belongs to its order and filter. */
  function fresh() {
    shown = pages(read, (people) => h('ul', { class: 'faces-grid' }, people.map(tile)), none);
    fill(place, shown.element);
  }

  const tools = h('div', { class: 'row sifting' }, filter, sorted);
  const title = h('div', { class: 'row between' }, h('h2', { id: 'everybody', text: t('people.everybody') }), tools);
  const element = h('section', { class: 'stack', 'aria-labelledby': 'everybody' }, title, place);
  return { element, load: () => shown.reload() };
}
