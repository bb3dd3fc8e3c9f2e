// Asks the server for many small things at once: what a page wants in one turn goes out in one request.

/** Collects ids and reads them together. */
export class Together {
  /**
   * `most`: ids of one request; `read`: (collection, ids) → promise of a Map of what was found, by id; `missed`:
   * (collection, id), called for each id of a request that failed.
   */
  constructor(most, read, missed = () => {}) {
    this.most = most;
    this.read = read;
    this.missed = missed;
    this.wanted = new Map(); // collection → id → {promise, resolve}
  }

  /** Returns a promise of what an id stands for, or of null. */
  get(collection, id) {
    if (!this.wanted.size) setTimeout(() => this.#ask(), 0);
    if (!this.wanted.has(collection)) this.wanted.set(collection, new Map());
    const ids = this.wanted.get(collection);
    if (!ids.has(id)) ids.set(id, Promise.withResolvers());
    return ids.get(id).promise;
  }

  #ask() {
    const asked = this.wanted;
    this.wanted = new Map();
    for (const [collection, wanted] of asked) {
      const ids = [...wanted.keys()];
      for (let start = 0; start < ids.length; start += this.most)
        this.#answer(collection, ids.slice(start, start + this.most), wanted);
    }
  }

  async #answer(collection, ids, wanted) {
    let found = new Map();
    try {
      found = await this.read(collection, ids);
    } catch {
      for (const id of ids) this.missed(collection, id);
    }
    for (const id of ids) wanted.get(id).resolve(found.get(id) ?? null);
  }
}
