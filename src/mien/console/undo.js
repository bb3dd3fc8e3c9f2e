// The last changes of a page, each with its way back; a deletion is put off until the page is left.

import { button, iconButton, say } from './parts.js';
import { fill, h } from './dom.js';
import { t } from './language.js';
import { sentence } from './words.js';

const MOST = 20; // changes that can be undone
const LAST = 1500; // faces that a closed page can still delete: it may send 64 KiB in all, and a FaceId takes 39 bytes
const OVERTAKEN = new Set(['ResourceNotFoundException', 'ConflictException', 'InvalidParameterException']); // by others
const RENEWED = 120_000; // milliseconds; a signature made in advance is good for five minutes

/** Keeps the changes made on the pages of one collection, the latest last. `api`: an Api. */
export class Undo {
  constructor(api) {
    this.api = api;
    this.changes = []; // {text, back, later?: {requests, prepared}}
    this.gone = new Set(); // FaceIds that are deleted when the page is left
    this.bar = h('div', { class: 'undo', role: 'status', hidden: true });
    this.after = () => {}; // draws the page again
    addEventListener('pagehide', () => this.#farewell());
    addEventListener('beforeunload', (event) => {
      if (this.gone.size > LAST) event.preventDefault(); // the browser asks; more would be lost
    });
    setInterval(() => this.#sign(), RENEWED);
  }

  /** Adds a change that was made. `back`: async, undoes it. */
  async did(text, back) {
    await this.#add({ text, back });
  }

  /** Adds a deletion of faces that is sent when the page is left; until then they only look deleted (see `did`). */
  async putOff(text, collection, ids, also) {
    for (const id of ids) this.gone.add(id);
    const requests = portions(ids, LAST).map((part) => ({ CollectionId: collection, FaceIds: part }));
    const back = async () => {
      for (const id of ids) this.gone.delete(id);
      await also();
    };
    await this.#add({ text, back, later: { requests, prepared: [] } });
    await this.#sign();
  }

  /** Sends what was put off, and forgets the changes: the page is left. */
  async leave() {
    const left = this.changes.splice(0);
    this.#draw();
    try {
      for (const change of left) await this.#send(change);
    } catch (error) {
      say(sentence(error), 'bad');
    }
    this.gone.clear();
  }

  async #add(change) {
    this.changes.push(change);
    if (this.changes.length > MOST) await this.#send(this.changes.shift());
    this.#draw();
  }

  async #send({ later }) {
    for (const request of later?.requests ?? []) {
      const { UnsuccessfulFaceDeletions: refused } = await this.api.call('DeleteFaces', request);
      if (refused?.length) throw new Error(t('undo.not_deleted', { count: refused.length }));
    }
  }

  async #undo() {
    const change = this.changes.at(-1);
    if (!change) return;
    const forget = () => this.changes.splice(this.changes.indexOf(change), 1);
    try {
      await change.back();
      forget();
      say(t('undo.undone', { what: change.text }));
    } catch (error) {
      if (OVERTAKEN.has(error.code)) forget(); // or it would stand before all earlier changes for good
      say(sentence(error), 'bad');
    }
    this.#draw();
    await this.after();
  }

  #draw() {
    const last = this.changes.at(-1);
    this.bar.hidden = !last;
    if (!last) return;
    const pending = this.gone.size > 0 && h('span', { class: 'quiet small', text: t('undo.pending') });
    const back = button(t('undo.undo'), 'main', () => this.#undo(), 'back', { 'data-key': 'u' });
    const enough = iconButton(t('undo.keep'), 'close', () => this.leave());
    fill(this.bar, h('div', { class: 'grow' }, h('span', { text: last.text }), pending), back, enough);
  }

  /** Signs the deletions in advance: a page that is being closed has no time to. */
  async #sign() {
    for (const { later } of this.changes)
      if (later)
        later.prepared = await Promise.all(later.requests.map((each) => this.api.prepared('DeleteFaces', each)));
  }

  #farewell() {
    for (const { later } of this.changes)
      for (const request of later?.prepared ?? [])
        fetch(this.api.base, { ...request, keepalive: true }).catch(() => {});
    this.changes = [];
  }
}

/** Divides a list into parts of at most `most`. */
export function portions(list, most) {
  const parts = [];
  for (let start = 0; start < list.length; start += most) parts.push(list.slice(start, start + most));
  return parts;
}
