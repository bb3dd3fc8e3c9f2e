// Portraits of stored faces: the page's own crop where it has the photograph, else what the collection keeps.

import { h, icon } from './dom.js';

const TOGETHER = 100; // of one request, as many as the server answers
const KEPT = 3000; // addresses of pictures at a time, the latest asked for

/** Portraits that collections keep, asked for together and remembered. `api`: an Api. */
export class Portraits {
  constructor(api) {
    this.api = api;
    this.known = new Map(); // collection/FaceId → promise of an address, or of null
    this.wanted = new Map(); // collection → FaceId → what resolves its promise
  }

  /** Returns the address of a face's portrait; null where the collection keeps none of it. */
  url(collection, id) {
    const key = `${collection}/${id}`;
    let found = this.known.get(key);
    if (found)
      this.known.delete(key); // and becomes the latest
    else found = new Promise((resolve) => this.#want(collection, id, resolve));
    this.known.set(key, found);
    while (this.known.size > KEPT) this.#forget(this.known.keys().next().value);
    return found;
  }

  #want(collection, id, resolve) {
    if (!this.wanted.size) setTimeout(() => this.#ask(), 0); // what the page shows at once is asked for at once
    if (!this.wanted.has(collection)) this.wanted.set(collection, new Map());
    this.wanted.get(collection).set(id, resolve);
  }

  #ask() {
    const asked = this.wanted;
    this.wanted = new Map();
    for (const [collection, faces] of asked) {
      const ids = [...faces.keys()];
      for (let start = 0; start < ids.length; start += TOGETHER)
        this.#read(collection, ids.slice(start, start + TOGETHER), faces);
    }
  }

  async #read(collection, ids, faces) {
    const found = new Map();
    try {
      const answer = await this.api.call('Mien.GetPortraits', { CollectionId: collection, FaceIds: ids });
      for (const each of answer.Portraits) found.set(each.FaceId, address(each.Bytes));
    } catch {
      for (const id of ids) this.known.delete(`${collection}/${id}`); // asked for again when shown again
    }
    for (const id of ids) faces.get(id)(found.get(id) ?? null);
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
  if (id) show(app, collection, id, frame);
  return frame;
}

async function show(app, collection, id, frame) {
  const url = await (app.album.has(id) ? app.album.face(id) : app.portraits.url(collection, id));
  if (!url) return;
  const image = h('img', { alt: '', src: url });
  image.addEventListener('load', () => frame.replaceChildren(image), { once: true });
}

function address(base64) {
  const bytes = Uint8Array.from(atob(base64), (each) => each.charCodeAt(0));
  return URL.createObjectURL(new Blob([bytes]));
}
