// The tab Search: searches a collection for every face of a photograph, not only the largest.

import { fill, h } from './dom.js';
import { dropZone } from './drop.js';
import { t } from './language.js';
import { portrait } from './look.js';
import { choice, empty, failure, field, note, working } from './parts.js';
import { called, match } from './person.js';
import { shown } from './names.js';
import { prepare } from './picture.js';
import { searched } from './probe.js';
import { viewer } from './viewer.js';
import { crowd, score } from './words.js';

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
      ['faces', t('search.faces')],
      ['users', t('search.users')],
    ],
    wanted.among,
    (value) => {
      wanted.among = value;
      explain();
      again();
    },
  );
  const explain = () => {
    meaning.textContent = crowd(
      Math.max(wanted.threshold, app.about?.minimum_similarity ?? 0),
      collection[wanted.among],
      wanted.among,
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
      const { FaceDetails: faces } = await app.api.call('DetectFaces', { Image: await picture.image() });
      if (turn !== latest) return;
      const shown = results(app, image, faces);
      fill(stage, zone(), picture.note && note('plain', picture.note), shown.element);
      const search = async (i) => {
        if (turn !== latest) return;
        const answer = await searched(app, collection.name, { picture, image, faces }, i).then(
          (matches) => ({ matches }),
          (error) => ({ error, matches: [] }),
        );
        shown.found(i, answer);
      };
      await Promise.all(faces.map((_, i) => app.queue(() => search(i))));
    } catch (error) {
      if (turn === latest) fill(stage, zone(), failure(error));
    }
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

/** Makes the picture with its boxes and a card for each face; `found(i, {matches, error})` fills one in. */
function results(app, image, faces) {
  const cards = faces.map((face) => {
    const crop = h('img', { class: 'portrait small', alt: '' });
    portrait(crop, face.BoundingBox, image);
    const body = h('div', { class: 'grow' }, working(t('person.searching')));
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
    fill(cards[i].body, outcome(app, answer));
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
  const label = `${user ? shown(user) : called(Face)} ${score(Similarity)}`;
  return { kind: 'good', label, name: t('search.is', { number, name: label }) };
}

/** Makes the nodes that show a face's matches. */
function outcome(app, { matches, error }) {
  if (error) return failure(error);
  const rows = matches.map((each) => match(app, each));
  if (rows.length) return h('ul', { class: 'rows' }, rows);
  const why = h('p', { class: 'quiet small', text: t('search.unknown_why') });
  return [h('h3', { text: t('search.unknown') }), why];
}
