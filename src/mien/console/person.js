// A stored face as pages show it: its picture if the page still has it, its names, and similar faces.

import { fill, h, icon } from './dom.js';
import { t } from './language.js';
import { shown, written } from './names.js';
import { nameFace } from './nameface.js';
import { attempt, failure, tell, working } from './parts.js';
import { misnamed, score, strangersBriefly } from './words.js';
import { Picture } from './picture.js';
import { framed } from './portraits.js';
import { viewer } from './viewer.js';

/** The least similarity of the faces and users that `similar` lists. */
export const LEAST = 60;

/**
 * Makes the thumbnail of a face: a button that opens its picture where the page has it, else the portrait that the
 * collection keeps, or an icon.
 */
export function thumbnail(app, id, name, collection) {
  if (!app.album.has(id)) return kept(app, collection, id);
  const image = h('img', { alt: '' });
  app.album.face(id).then(
    (url) => {
      if (url) image.src = url;
    },
    () => image.remove(),
  );
  return h(
    'button',
    { type: 'button', class: 'thumb', 'aria-label': t('person.show', { name }), on: { click: () => open(app, id) } },
    image,
  );
}

/** Makes the thumbnail of a face whose photograph the page does not have. */
function kept(app, collection, id) {
  const frame = h('span', { class: 'thumb none', title: t('person.not_kept') }, icon('user'));
  framed(frame, app.portraits.url(collection, id), () => {
    frame.className = 'thumb';
    frame.removeAttribute('title');
  });
  return frame;
}

/** Makes the thumbnail of a person: its portrait, where there is one. */
function portraitOf(app, collection, { UserId: user, DisplayName: name = shown(user) }) {
  const frame = h('span', { class: 'thumb none' }, icon('user'));
  app.portraits.face(collection, user).then((face) => {
    if (face) frame.replaceWith(thumbnail(app, face, name, collection));
  });
  return frame;
}

/** Returns a face's name: its ExternalImageId, or the beginning of its id. */
export function called(face) {
  return face.ExternalImageId ? shown(face.ExternalImageId) : face.FaceId.slice(0, 8);
}

/** Returns the id for a user's name: that of one of `users` (ids) who is shown so, or a new one. Throws a sentence. */
export function userId(name, users = []) {
  const wrong = misnamed(name);
  if (wrong) throw Object.assign(new Error(wrong), { code: 'name' });
  return users.find((id) => shown(id) === name) ?? written(name);
}

/** Makes a list item of a match in a collection. `match`: {Similarity, Face} or {Similarity, User}. */
export function match(app, collection, { Similarity, Face, User }) {
  const name = Face ? called(Face) : (User.DisplayName ?? shown(User.UserId));
  const chip = Face?.UserId && h('span', { class: 'chip', text: shown(Face.UserId) });
  const kind = Similarity >= 80 ? 'good' : Similarity >= 60 ? 'warn' : 'low';
  return h(
    'li',
    { class: 'match' },
    Face ? thumbnail(app, Face.FaceId, name, collection) : portraitOf(app, collection, User),
    h(
      'div',
      { class: 'grow' },
      h('strong', { class: 'clip', text: name }),
      chip,
      h('p', { class: 'quiet small', text: strangersBriefly(Similarity, app.about?.false_match_rates ?? []) }),
    ),
    h('span', { class: `score ${kind}`, text: score(Similarity) }),
  );
}

/** Opens a dialog with the matches of a search in a collection. `search` returns a promise of them. */
export function similar(app, collection, title, search) {
  const body = h('div', { class: 'stack' }, working(t('person.searching')));
  attempt(async () => {
    try {
      const found = await search();
      const list = h(
        'ul',
        { class: 'rows' },
        found.map((each) => match(app, collection, each)),
      );
      fill(
        body,
        found.length
          ? list
          : h('p', { class: 'quiet', text: t('person.none_like', { similarity: LEAST }) }),
      );
    } catch (error) {
      fill(body, failure(error));
    }
  });
  return tell(title, body);
}

/** Opens the picture of a face. Every face in it has its name, and one that is nobody's can be given one. */
async function open(app, id) {
  const { picture, collection, faces } = app.album.page(id);
  const image = await attempt(() => new Picture(picture.blob, picture.name).load());
  if (!image) return;
  const boxes = faces.map((each, i) => ({ box: each.box, kind: 'good', name: t('viewer.face', { number: i + 1 }) }));
  const drawn = viewer(image, boxes, choose);
  const hint = h('p', { class: 'quiet small', role: 'status' });
  let owners = new Map(); // FaceId → UserId
  async function read() {
    const found = await app.api.call('ListFaces', { CollectionId: collection, FaceIds: faces.map((each) => each.id) });
    owners = new Map(found.Faces.map((each) => [each.FaceId, each.UserId]));
    faces.forEach((each, i) => drawn.mark(i, mark(owners.get(each.id), i + 1)));
    const nameless = found.Faces.some((each) => !each.UserId);
    hint.textContent = nameless ? t('person.choose_nameless') : '';
  }
  async function choose(i) {
    drawn.select(i);
    const face = faces[i].id;
    if (!owners.has(face) || owners.get(face)) return;
    const person = await nameFace(app, collection, async () => face);
    if (person) await attempt(read);
  }
  attempt(read);
  drawn.select(faces.findIndex((each) => each.id === id));
  await tell(picture.name, [drawn.element, hint]);
}

/** Returns the label and name of a box in the picture of indexed faces. */
function mark(user, number) {
  if (!user) return { kind: 'warn', label: t('person.nameless'), name: t('search.is_unknown', { number }) };
  return { kind: 'good', label: shown(user), name: t('search.is', { number, name: shown(user) }) };
}
