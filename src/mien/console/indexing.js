// Indexes many photographs into a collection, a few at a time, also while another page is shown.

import { isPhotograph } from './contents.js';
import { t } from './language.js';
import { isLeftOut } from './leftout.js';
import { MOST_IMAGE, problem, written, writtenFile } from './names.js';
import { createUser } from './newuser.js';
import { prepare } from './picture.js';
import { misnamed, reason, sentence } from './words.js';

const AT_ONCE = 4;

/**
 * Indexes photographs into one collection, and dispatches an event `step` after each.
 * `options`: {naming: 'file'|'path'|'folder'|'none', filter, most (0: all faces), users (each folder is a user)}.
 */
export class Indexing extends EventTarget {
  constructor(api, album, collection, options) {
    super();
    Object.assign(this, { api, album, collection, options });
    this.waiting = [];
    this.running = 0;
    Object.assign(this, { total: 0, done: 0, skipped: 0, isStopped: false });
    this.indexed = new Set(); // FaceIds; the same photograph again gives the same face
    this.before = null; // promise of the collection's number of faces at the start, once there is one
    this.after = null; // the same once all is done; null until then
    this.go = Promise.resolve(); // settled unless it pauses
    this.refused = []; // {file, why}
    this.folders = new Map(); // user → the last call that changes it, so that calls for one user follow each other
  }

  /** Tells whether all work is done, and counted. */
  get isIdle() {
    return !this.running && !this.waiting.length;
  }

  /** Tells whether it pauses: nothing is begun until `resume`. */
  get isPaused() {
    return Boolean(this.resume);
  }

  /** How many of the faces were in the collection before; null where that is not known. */
  get known() {
    return this.after === null ? null : Math.max(0, this.indexed.size - (this.after - this.start));
  }

  /** Adds files: [{file, folder}], or {unreadable: path} for what the browser could not open. */
  add(files) {
    if (this.isIdle) this.isStopped = false;
    this.after = null;
    this.before ??= this.#held();
    for (const { unreadable } of files)
      if (unreadable) this.refused.push({ file: unreadable, why: t('add.unreadable') });
    const found = files.filter(({ file, folder }) => file && !isLeftOut(file.name, folder));
    this.skipped += files.filter(({ file }) => file).length - found.length;
    this.total += found.length;
    this.waiting = found.reverse().concat(this.waiting); // taken from the end
    while (this.running < AT_ONCE && this.waiting.length) this.#work();
    this.#tell();
  }

  /** Begins nothing more until `resume` is called; what was begun is ended. */
  pause() {
    this.go = new Promise((resolve) => {
      this.resume = () => {
        this.resume = null;
        resolve();
        this.#tell();
      };
    });
    this.#tell();
  }

  /** Begins nothing more. What was begun is ended, so that the report is true. */
  stop() {
    this.isStopped = true;
    this.waiting = [];
    this.resume?.();
    this.#tell();
  }

  async #work() {
    this.running++;
    await this.before;
    for (let next = this.waiting.pop(); next; next = this.waiting.pop()) {
      await this.#one(next).catch((error) => this.#refuse(next, sentence(error)));
      this.#tell();
      await this.go;
    }
    if (this.running === 1) this.after = await this.#held();
    this.running--;
    this.#tell();
    if (!this.running && this.waiting.length) this.#work(); // files came while it counted
  }

  async #one(next) {
    if (!(await isPhotograph(next.file))) {
      this.total--;
      this.skipped++;
      return;
    }
    await this.#index(next).finally(() => this.done++);
  }

  /** Returns how many faces the collection holds; null where the key may not ask. */
  async #held() {
    try {
      const { FaceCount: faces } = await this.#call('DescribeCollection', {});
      this.start ??= faces;
      return faces;
    } catch {
      return null;
    }
  }

  async #index({ file, folder }) {
    const picture = await prepare(file, this.api);
    const answer = await this.#call('IndexFaces', {
      Image: await picture.image(),
      ExternalImageId: named(file, folder, this.options.naming),
      QualityFilter: this.options.filter,
      MaxFaces: this.options.users ? 1 : this.options.most || undefined,
    });
    const { FaceRecords: records, UnindexedFaces: others } = answer;
    this.album.remember(picture, records, this.collection);
    for (const { Face } of records) this.indexed.add(Face.FaceId);
    if (!records.length && !others.length) this.#refuse({ file, folder }, t('add.no_face'));
    const told = others.filter((face) => face.Reasons[0] !== 'EXCEEDS_MAX_FACES'); // the user asked for at most so many
    if (told.length)
      this.#refuse(
        { file, folder },
        t('add.refused_faces', {
          count: told.length,
          reasons: [...new Set(told.flatMap((face) => face.Reasons))].map(reason).join(' '),
        }),
      );
    if (this.options.users && folder && records.length) await this.#associate(file, folder, records[0].Face.FaceId);
  }

  async #associate(file, folder, id) {
    const name = folder.split('/').pop();
    const wrong = misnamed(name);
    if (wrong) return this.#refuse({ file, folder }, t('add.not_given', { name, reasons: wrong }));
    const user = written(name);
    const call = (operation, request) => this.#call(operation, request);
    const before = this.folders.get(user) ?? createUser(call, user, name);
    const mine = before.then(() => this.#call('AssociateFaces', { UserId: user, FaceIds: [id] }));
    this.folders.set(
      user,
      mine.catch(() => {}),
    );
    const { UnsuccessfulFaceAssociations: refused } = await mine;
    if (refused.length)
      this.#refuse(
        { file, folder },
        t('add.not_given', { name, reasons: refused[0].Reasons.map(reason).join(' ') }),
      );
  }

  #call(operation, request) {
    return this.api.call(operation, { CollectionId: this.collection, ...request });
  }

  #refuse({ file, folder }, why) {
    this.refused.push({ file: folder ? `${folder}/${file.name}` : file.name || t('picture.pasted'), why });
  }

  #tell() {
    this.dispatchEvent(new Event('step'));
  }
}

/** Returns a photograph's ExternalImageId, or undefined. */
export function named(file, folder, naming) {
  const above = folder.split('/').pop();
  if (naming === 'folder') return problem(above) ? undefined : written(above, MOST_IMAGE);
  const parts = { file: [file.name], path: [above, file.name], none: [] }[naming];
  const name = parts.filter(Boolean).join('/');
  return name ? writtenFile(name) : undefined;
}

/** Returns a list of refusals as CSV. */
export function csv(refused) {
  // an apostrophe keeps a spreadsheet from running a text as a formula
  const safe = (text) => (/^[=+\-@]/.test(text) ? "'" : '') + text;
  const quoted = (text) => `"${safe(text).replace(/"/g, '""')}"`;
  return ['file,why', ...refused.map(({ file, why }) => `${quoted(file)},${quoted(why)}`)].join('\r\n');
}
