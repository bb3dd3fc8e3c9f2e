// Portraits of stored faces: the page's own crop where it has the photograph, else what the collection keeps.

import { h, icon } from './dom.js';
import { Together } from './together.js';

const TOGETHER = 100; // of one request, as many as the server answers
const KEPT = 3000; // addresses of pictures at a time, the latest asked for

/** Portraits that collections keep, asked for together and remembered. `api`: an Api. */
export class Portraits {
  constructor(api) {
    this.known = new Map(); // collection/FaceId → promise of an address, or of null
    const read = async (collection, ids) => {
      const answer = await api.call('Mien.GetPortraits', { CollectionId: collection, FaceIds: ids });
      return new Map(answer.Portraits.map((each) => [each.FaceId, address(each.Bytes)]));
    };
    // what was not answered is asked for again when shown again
    this.pictures = new Together(TOGETHER, read, (collection, id) => this.known.delete(`${collection}/${id}`));
    this.people = new Together(TOGETHER, async (collection, ids) => {
      const { People: people } = await api.call('Mien.ListPeople', { CollectionId: collection, UserIds: ids });
      return new Map(people.map((each) => [each.UserId, each.Portrait]));
    });
  }

  /** Returns the address of a face's portrait; null where the collection keeps none of it. */
  url(collection, id) {
    const key = `${collection}/${id}`;
    const found = this.known.get(key) ?? this.pictures.get(collection, id);
    this.known.delete(key); // and becomes the latest
    this.known.set(key, found);
    while (this.known.size > KEPT) this.#forget(this.known.keys().next().value);
    return found;
  }

  /** Returns the FaceId that a person is shown by; null where there is none. */
  face(collection, user) {
    return this.people.get(collection, user);
  }

  async #forget(key) {
    const found = this.known.get(key);
    this.known.delete(key);
    const url = await found;
    if (url) URL.revokeObjectURL(url);
  }
}

/** Makes the picture of a face: an icon until there is one, and for good where there is none. */
export function likeness(app, collection, id) {
  const frame = h('span', { class: 'likeness' }, icon('user'));
  if (id) framed(frame, app.album.has(id) ? app.album.face(id) : app.portraits.url(collection, id));
  return frame;
}

/** Puts a picture into its frame once it is loaded. `url`: a promise of its address, or of null; `done`: called then. */
export async function framed(frame, url, done = () => {}) {
  const src = await url.catch(() => null);
  if (!src) return;
  const image = h('img', { alt: '', src });
  const put = () => {
    frame.replaceChildren(image);
    done();
  };
  image.addEventListener('load', put, { once: true });
}

function address(base64) {
  const bytes = Uint8Array.from(atob(base64), (each) => each.charCodeAt(0));
  return URL.createObjectURL(new Blob([bytes]));
}
