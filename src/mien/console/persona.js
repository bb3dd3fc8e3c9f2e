// One person: the name, the faces, the photographs they are in, and what can be done.

import { fill, h, icon } from './dom.js';
import { percent, t } from './language.js';
import { ask, attempt, button, choice, confirm, failure, field, working } from './parts.js';
import { called, thumbnail } from './person.js';
import { likeness } from './portraits.js';
import { suggestions } from './suggestions.js';
import { tiles } from './tiles.js';

/** Makes the page of a person. `id`: the UserId. */
export function personView(app, deeds, id) {
  const home = `#/collections/${deeds.collection}/people`;
  const element = h('div', { class: 'stack' }, working(t('people.reading')));
  let order = 'UNLIKE_FIRST';
  const asked = suggestions(app, deeds, id, () => Promise.all([load(), asked.load()]));

  async function load() {
    try {
      const { Person, Faces } = await deeds.whole(
        'Mien.ListPersonFaces',
        { UserId: id, SortBy: order },
        (each) => each.Faces,
      );
      draw(
        Person,
        Faces.filter(({ Face }) => !app.undo.gone.has(Face.FaceId)),
      );
    } catch (error) {
      if (error.code === 'ResourceNotFoundException') app.go(home);
      else fill(element, failure(error));
    }
  }

  function draw(person, found) {
    const similarity = new Map(found.map((each) => [each.Face.FaceId, each.Similarity]));
    const faces = found.map((each) => each.Face);
    const told = (face) => {
      const like = similarity.get(face.FaceId);
      return like === undefined || like === null ? called(face) : `${percent(like)} · ${called(face)}`;
    };
    fill(
      element,
      h('a', { class: 'back', href: home }, icon('previous'), t('people.title')),
      header(person, faces),
      asked.element,
      faces.length > 1 && h('div', { class: 'row sifting' }, sorting()),
      tiles(app, deeds.collection, faces, told, (chosen) => actions(person, chosen, faces)),
      photographs(faces),
    );
  }

  function header(person, faces) {
    return h(
      'div',
      { class: 'head person' },
      h(
        'div',
        { class: 'persona' },
        likeness(app, deeds.collection, person.Portrait),
        h(
          'div',
          {},
          h('h2', { class: 'called', text: person.DisplayName }),
          h('p', { class: 'quiet', text: t('count.faces', { count: faces.length }) }),
        ),
      ),
      h(
        'div',
        { class: 'row' },
        button(t('people.rename'), '', () => rename(person), 'pen'),
        button(t('people.merge'), '', () => merge(person), 'join'),
        button(t('people.forget'), 'bad', () => forget(person), 'trash'),
      ),
    );
  }

  function sorting() {
    const options = [
      ['UNLIKE_FIRST', t('people.unlike_first')],
      ['NEWEST', t('people.by_newest')],
      ['PHOTOGRAPH', t('people.by_photograph')],
    ];
    const made = choice(options, order, (value) => {
      order = value;
      load();
    });
    made.setAttribute('aria-label', t('people.order'));
    return made;
  }

  function actions(person, chosen, faces) {
    const ids = chosen.map((each) => each.FaceId);
    const does = (act) => () =>
      attempt(async () => {
        await act();
        await load();
      });
    const apart = () =>
      deeds.askName(t('people.split_title', { count: ids.length }), t('people.name_them'), async (name) => {
        await deeds.split(person, ids, name);
        await load();
      });
    return [
      button(
        t('people.not_them', { name: person.DisplayName }),
        '',
        does(() => deeds.remove(person, ids)),
      ),
      ids.length < faces.length && button(t('people.split_off'), '', apart, 'user'),
      ids.length === 1 &&
        button(
          t('people.as_portrait'),
          '',
          does(() => deeds.choosePortrait(person, ids[0])),
          'face',
        ),
      button(
        t('parts.delete'),
        'bad',
        does(() => deeds.delete(ids, person)),
        'trash',
      ),
    ];
  }

  /** Lists the photographs that the faces are of, each once. */
  function photographs(faces) {
    const pictures = Map.groupBy(faces, (face) => face.ImageId);
    if (!pictures.size) return null;
    const rows = [...pictures.values()].map(([face]) =>
      h(
        'li',
        {},
        thumbnail(app, face.FaceId, called(face), deeds.collection),
        h('span', { class: 'grow clip', text: called(face) }),
      ),
    );
    const title = h('summary', { text: t('people.photographs', { count: pictures.size }) });
    return h('details', { class: 'card' }, title, h('ul', { class: 'rows plain' }, rows));
  }

  function rename(person) {
    const input = h('input', {
      type: 'text',
      required: true,
      maxLength: 1000,
      value: person.DisplayName,
      spellcheck: false,
    });
    return ask(
      t('people.rename_title', { name: person.DisplayName }),
      field(t('people.name'), input),
      t('people.rename'),
      async () => {
        if (await deeds.rename(person, input.value.trim())) await load();
      },
    );
  }

  async function merge(person) {
    const { input, element: known } = deeds.nameField(t('people.name'));
    await ask(
      t('people.merge_title', { name: person.DisplayName }),
      field(t('people.merge_with'), known, t('people.merge_hint', { name: person.DisplayName })),
      t('people.merge'),
      async () => {
        if (await deeds.mergeNamed(person, input.value.trim())) await load();
      },
    );
  }

  async function forget(person) {
    const done = await confirm(
      t('people.forget_title', { name: person.DisplayName }),
      t('people.forget_why'),
      t('people.forget'),
      () => deeds.forget(person),
    );
    if (done) app.go(home);
  }

  load();
  return { element, load };
}
