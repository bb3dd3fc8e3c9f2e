// A stored face as pages show it: its picture if the page still has it, its names, and similar faces.

import { fill, h, icon } from './dom.js';
import { t } from './language.js';
import { shown, written } from './names.js';
import { attempt, failure, tell, working } from './parts.js';
import { misnamed, score, strangersBriefly } from './words.js';
import { Picture } from './picture.js';
import { viewer } from './viewer.js';

/** The least similarity of the faces and users that `similar` lists. */
export const LEAST = 60;

/** Makes the thumbnail of a face: a button that opens its picture, or an icon where the page does not have it. */
export function thumbnail(app, id, name) {
  if (!app.album.has(id))
    return h(
      'span',
      { class: 'thumb none', title: t('person.not_kept') },
      icon('user'),
    );
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

/** Makes a list item of a match. `match`: {Similarity, Face} or {Similarity, User}. */
export function match(app, { Similarity, Face, User }) {
  const name = Face ? called(Face) : shown(User.UserId);
  const chip = Face?.UserId && h('span', { class: 'chip', text: shown(Face.UserId) });
  const kind = Similarity >= 80 ? 'good' : Similarity >= 60 ? 'warn' : 'low';
  return h(
    'li',
    { class: 'match' },
    Face ? thumbnail(app, Face.FaceId, name) : h('span', { class: 'thumb none' }, icon('user')),
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

/** Opens a dialog with the matches of a search. `search` returns a promise of them. */
export function similar(app, title, search) {
  const body = h('div', { class: 'stack' }, working(t('person.searching')));
  attempt(async () => {
    try {
      const found = await search();
      const list = h(
        'ul',
        { class: 'rows' },
        found.map((each) => match(app, each)),
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

async function open(app, id) {
  const page = app.album.page(id);
  const image = await attempt(() => new Picture(page.picture.blob, page.picture.name).load());
  if (!image) return;
  const faces = page.faces.map((each, i) => ({ box: each.box, kind: 'good', name: t('viewer.face', { number: i + 1 }) }));
  const drawn = viewer(image, faces);
  drawn.select(page.faces.findIndex((each) => each.id === id));
  await tell(page.picture.name, drawn.element);
}
