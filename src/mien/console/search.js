// The tab Search: searches a collection for every face of a photograph, not only the largest.

import { fill, h } from './dom.js';
import { dropZone } from './drop.js';
import { t } from './language.js';
import { portrait } from './look.js';
import { nameFace } from './nameface.js';
import { button, choice, empty, failure, field, note, working } from './parts.js';
import { called, match } from './person.js';
import { shown } from './names.js';
import { prepare } from './picture.js';
import { MOST, indexed, searched } from './probe.js';
import { viewer } from './viewer.js';
import { crowd, reason, score } from './words.js';

/** Makes the tab. */
export function searchTab(app, collection) {
  if (!collection.faces)
    return empty(
      'search',
      t('search.none'),
      t('search.none_why'),
      h('a', { class: 'button main', href: `#/collections/${collection.name}/add`, text: t('faces.add') }),
    );
  const wanted = app.search;
  const kind = () => wanted.among ?? (collection.users ? 'users' : 'faces'); // people first, where there are any
  const stage = h('div', { class: 'stack' });
  const meaning = h('p', { class: 'quiet small' });
  let picture = null;
  let latest = 0;

  const threshold = h('input', {
    type: 'number',
    min: 0,
    max: 100,
    step: 'any',
    value: wanted.threshold,
    required: true,
    on: {
      change: () => {
        if (threshold.reportValidity()) {
          wanted.threshold = Number(threshold.value);
          explain();
          again();
        }
      },
    },
  });
  const among = choice(
    [
      ['users', t('search.users')],
      ['faces', t('search.faces')],
    ],
    kind(),
    (value) => {
      wanted.among = value;
      explain();
      again();
    },
  );
  const explain = () => {
    meaning.textContent = crowd(
      Math.max(wanted.threshold, app.about?.minimum_similarity ?? 0),
      collection[kind()],
      kind(),
      app.about?.false_match_rates ?? [],
    );
  };
  const settings = h(
    'div',
    { class: 'card settings' },
    field(t('search.among'), among),
    field(t('search.least'), threshold),
    h('div', { class: 'grow' }, meaning),
  );
  const again = () => picture && run();

  async function take(file) {
    try {
      picture = await prepare(file, app.api);
      await run();
    } catch (error) {
      fill(stage, zone(), failure(error));
    }
  }

  async function run() {
    const turn = ++latest;
    fill(stage, zone(), working(t('search.looking')));
    try {
      const image = await picture.load();
      await (kind() === 'users' ? searchPeople : searchFaces)(image, () => turn === latest);
    } catch (error) {
      if (turn === latest) fill(stage, zone(), failure(error));
    }
  }

  /** Shows the faces of the picture; `found(i, answer)` fills one in. */
  function show(image, faces) {
    const photo = { picture, image, faces };
    const shown = results(app, collection.name, photo, again);
    fill(stage, zone(), picture.note && note('plain', picture.note), shown.element);
    return { photo, found: shown.found };
  }

  async function searchPeople(image, isWanted) {
    const { Faces: faces } = await app.api.call('Mien.SearchPeopleByImage', {
      CollectionId: collection.name,
      Image: await picture.image(),
      PersonMatchThreshold: wanted.threshold,
      MaxPeople: MOST,
    });
    if (!isWanted()) return;
    const { found } = show(
      image,
      faces.map((each) => each.FaceDetail),
    );
    faces.forEach(({ People: people, Reasons: reasons }, i) =>
      found(i, { matches: people.map((each) => ({ Similarity: each.Similarity, User: each })), reasons }),
    );
  }

  async function searchFaces(image, isWanted) {
    const { FaceDetails: faces } = await app.api.call('DetectFaces', { Image: await picture.image() });
    if (!isWanted()) return;
    const { photo, found } = show(image, faces);
    const search = async (i) => {
      if (!isWanted()) return;
      const answer = await searched(app, collection.name, photo, i).then(
        (matches) => ({ matches }),
        (error) => ({ error, matches: [] }),
      );
      found(i, answer);
    };
    await Promise.all(faces.map((_, i) => app.queue(() => search(i))));
  }

  const zone = () =>
    dropZone(
      t(picture ? 'drop.another' : 'search.drop'),
      t('search.drop_hint'),
      ([{ file }]) => take(file),
      { slim: Boolean(picture) },
    );
  explain();
  fill(stage, zone());
  return h('div', { class: 'stack' }, settings, stage);
}

/**
 * Makes the picture with its boxes and a card for each face; `found(i, {matches, reasons, error})` fills one in. `again`
 * searches once more, after a face was given a name.
 */
function results(app, collection, photo, again) {
  const { image, faces } = photo;
  const cards = faces.map((face) => {
    const crop = h('img', { class: 'portrait small', alt: '' });
    portrait(crop, face.BoundingBox, image);
    const body = h('div', { class: 'grow stack tight' }, working(t('person.searching')));
    return { body, element: h('li', { class: 'card found' }, crop, body) };
  });
  const boxes = faces.map((face, i) => ({ box: face.BoundingBox, label: '…', name: t('viewer.face', { number: i + 1 }) }));
  const drawn = viewer(image, boxes, (i) => {
    drawn.select(i);
    cards.forEach(({ element }, each) => element.classList.toggle('chosen', each === i));
    cards[i].element.scrollIntoView({ block: 'nearest' });
  });
  function found(i, answer) {
    drawn.mark(i, mark(i, answer));
    fill(cards[i].body, outcome(app, collection, answer), naming(i, answer));
  }
  function naming(i, { matches: [best], error }) {
    if (error || best?.User || best?.Face.UserId) return null;
    const face = async () => best?.Face.FaceId ?? indexed(app, collection, photo, i);
    const ask = async () => {
      if (await nameFace(app, collection, face, best ? '' : t('search.is_added'))) again();
    };
    return button(t('search.name'), '', ask, 'user', { 'aria-label': t('search.name_it', { number: i + 1 }) });
  }
  const elements = cards.map((each) => each.element);
  const list = h('ul', { class: 'stack side', 'aria-live': 'polite' }, elements);
  const none = note('plain', t('search.no_face'));
  const title = h('p', {}, h('strong', { text: faces.length ? t('count.faces', { count: faces.length }) : t('search.no_faces') }));
  const split = h('div', { class: 'split' }, drawn.element, faces.length ? list : none);
  return { element: h('div', { class: 'stack' }, title, split), found };
}

/** Returns the colour, label and name of a searched face's box. */
function mark(i, { matches, error }) {
  const number = i + 1;
  if (error) return { kind: 'warn', label: '!', name: t('search.not_searched', { number }) };
  if (!matches.length) return { kind: 'warn', label: t('search.unknown_label'), name: t('search.is_unknown', { number }) };
  const [{ Similarity, Face, User }] = matches;
  const user = User?.UserId ?? Face.UserId;
  const label = `${User?.DisplayName ?? (user ? shown(user) : called(Face))} ${score(Similarity)}`;
  return { kind: 'good', label, name: t('search.is', { number, name: label }) };
}

/** Makes the nodes that show a face's matches. */
function outcome(app, collection, { matches, reasons = [], error }) {
  if (error) return failure(error);
  const rows = matches.map((each) => match(app, collection, each));
  if (rows.length) return h('ul', { class: 'rows' }, rows);
  const why = h('p', { class: 'quiet small', text: reasons.map(reason).join(' ') || t('search.unknown_why') });
  return [h('h2', { text: t('search.unknown') }), why];
}
