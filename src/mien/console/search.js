// Who in a collection is on this photograph? Every face of it is searched, not only the largest.

import { portrait } from './detect.js';
import { fill, h } from './dom.js';
import { dropZone } from './drop.js';
import { choice, empty, failure, field, note, working } from './parts.js';
import { called, match } from './person.js';
import { Picture, around, cut, pixels, prepare } from './picture.js';
import { viewer } from './viewer.js';
import { crowd, plural, score } from './words.js';

const LEAST = 160; // pixels of a cut-out; the server refuses pictures below 80
const MARGIN = 1; // of a face's size, on every side; the detector wants to see a head in its surroundings
const MOST = 5; // matches of each face

/** Make the tab. */
export function searchTab(app, collection) {
  if (!collection.faces)
    return empty(
      'search',
      'Nobody to find yet',
      'Add photographs first; then search among their faces.',
      h('a', { class: 'button main', href: `#/collections/${collection.name}/add`, text: 'Add photographs' }),
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
    step: 1,
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
      ['faces', 'faces'],
      ['users', 'users'],
    ],
    wanted.among,
    (value) => {
      wanted.among = value;
      explain();
      again();
    },
  );
  const explain = () => {
    meaning.textContent = crowd(wanted.threshold, collection[wanted.among], wanted.among.slice(0, -1));
  };
  const settings = h(
    'div',
    { class: 'card settings' },
    field('Search among', among),
    field('Least similarity', threshold),
    h('div', { class: 'grow' }, meaning),
  );
  const again = () => picture && run();

  async function take(file) {
    try {
      picture = await prepare(file);
      await run();
    } catch (error) {
      fill(stage, zone(), failure(error));
    }
  }

  async function run() {
    const turn = ++latest;
    fill(stage, zone(), working('Looking for faces …'));
    try {
      const image = await picture.load();
      const { FaceDetails: faces } = await app.api.call('DetectFaces', { Image: await picture.image() });
      if (turn !== latest) return;
      const shown = results(app, image, faces);
      fill(stage, zone(), picture.note && note('plain', picture.note), shown.element);
      await Promise.all(
        faces.map((face, i) =>
          app.queue(async () => {
            if (turn === latest)
              shown.found(
                i,
                await searched(app, collection.name, picture, image, faces, i).catch((error) => ({
                  error,
                  matches: [],
                })),
              );
          }),
        ),
      );
    } catch (error) {
      if (turn === latest) fill(stage, zone(), failure(error));
    }
  }

  const zone = () =>
    dropZone(
      picture ? 'Another photograph' : 'Drop a photograph to search by',
      'or paste one. Every face in it is searched.',
      ([{ file }]) => take(file),
      { slim: Boolean(picture) },
    );
  explain();
  fill(stage, zone());
  return h('div', { class: 'stack' }, settings, stage);
}

/** The boxes in the picture and, beside it, what was found for each face; `found(i, {matches, error})` fills one in. */
function results(app, image, faces) {
  const states = faces.map((face, i) => ({ box: face.BoundingBox, label: '…', name: `Face ${i + 1}` }));
  const place = h('div', { class: 'wide' });
  const cards = faces.map((face, i) => {
    const crop = h('img', { class: 'portrait small', alt: '' });
    portrait(crop, face.BoundingBox, image);
    const body = h('div', { class: 'grow' }, working('Searching …'));
    return { body, element: h('li', { class: 'card found', id: `found-${i}` }, crop, body) };
  });
  let drawn;
  const draw = () => {
    drawn = viewer(image, states, choose);
    fill(place, drawn.element);
  };
  function choose(i) {
    drawn.select(i);
    cards.forEach(({ element }, each) => element.classList.toggle('chosen', each === i));
    cards[i].element.scrollIntoView({ block: 'nearest' });
  }
  function found(i, { matches, error }) {
    const best = matches[0];
    const name = best && (best.Face ? (best.Face.UserId ?? called(best.Face)) : best.User.UserId);
    Object.assign(
      states[i],
      best
        ? { kind: 'good', label: `${name} ${score(best.Similarity)}`, name: `Face ${i + 1}: ${name}` }
        : {
            kind: 'warn',
            label: error ? '!' : 'unknown',
            name: `Face ${i + 1}: ${error ? 'not searched' : 'unknown'}`,
          },
    );
    fill(
      cards[i].body,
      error
        ? failure(error)
        : best
          ? h(
              'ul',
              { class: 'rows' },
              matches.map((each) => match(app, each)),
            )
          : [
              h('h3', { text: 'Unknown' }),
              h('p', { class: 'quiet small', text: 'Nobody here reaches the least similarity.' }),
            ],
    );
    draw();
  }
  draw();
  const list = h(
    'ul',
    { class: 'stack side', 'aria-live': 'polite' },
    cards.map((each) => each.element),
  );
  const none = note('plain', 'No face was found in this photograph.');
  const element = h(
    'div',
    { class: 'stack' },
    h('p', {}, h('strong', { text: faces.length ? plural(faces.length, 'face') : 'No face' })),
    h('div', { class: 'split' }, place, faces.length ? list : none),
  );
  return { element, found };
}

/**
 * Search one face of a picture. The API searches the largest face of an image, so that one goes with the whole picture
 * and any other is cut out with its surroundings, faces beside it that are not much smaller painted over.
 */
export async function searched(app, collection, picture, image, faces, i) {
  const mine = pixels(faces[i].BoundingBox, image);
  const others = faces.filter((_, each) => each !== i).map((face) => pixels(face.BoundingBox, image));
  const isLargest = others.every((other) => other.width * other.height < mine.width * mine.height);
  const region = around(mine, MARGIN, image, LEAST);
  const part = isLargest ? picture : new Picture(await cut(image, region, 1, covers(mine, others), 0.97), picture.name);
  const request = { CollectionId: collection, Image: await part.image(), QualityFilter: 'NONE' };
  const { among, threshold } = app.search;
  if (among === 'users') {
    const answer = await app.api.call('SearchUsersByImage', {
      ...request,
      MaxUsers: MOST,
      UserMatchThreshold: threshold,
    });
    check(answer.SearchedFace?.FaceDetail.BoundingBox);
    return { matches: answer.UserMatches };
  }
  const answer = await app.api.call('SearchFacesByImage', {
    ...request,
    MaxFaces: MOST,
    FaceMatchThreshold: threshold,
  });
  check(answer.SearchedFaceBoundingBox);
  return { matches: answer.FaceMatches };

  /** That the face the server searched is the one that was meant. */
  function check(box) {
    if (isLargest) return;
    const inside = box && {
      left: region.left + box.Left * region.width,
      top: region.top + box.Top * region.height,
      width: box.Width * region.width,
      height: box.Height * region.height,
    };
    if (!inside || overlap(inside, mine) < 0.3)
      throw new Error('This face could not be searched apart from those beside it.');
  }
}

/** What to paint over: faces beside this one, as far as they do not lie on it. */
function covers(mine, others) {
  return others.filter(
    (other) => other.width * other.height > 0.5 * mine.width * mine.height && overlap(other, mine) < 0.1,
  );
}

function overlap(one, other) {
  const width = Math.min(one.left + one.width, other.left + other.width) - Math.max(one.left, other.left);
  const height = Math.min(one.top + one.height, other.top + other.height) - Math.max(one.top, other.top);
  if (width <= 0 || height <= 0) return 0;
  return (width * height) / (one.width * one.height + other.width * other.height - width * height);
}
