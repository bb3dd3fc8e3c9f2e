// Looks at a film: pictures of it at even times, each asked about, a few on their way at a time, in their order.

import { t } from './language.js';

const EVERY = 500; // milliseconds between two samples, as AWS has them
const AT_ONCE = 3; // samples that wait for their answer
const LONGEST = 1920; // pixels of a sample's longer side
const QUALITY = 0.85; // of a sample as a JPEG
const PATIENCE = 20_000; // milliseconds for a film to show what was asked for

/** A film as the browser plays it. */
export class Film {
  /** Opens a film; throws a sentence where the browser cannot show it. `url`: of its file, `name`: to tell it by. */
  static async open(url, name) {
    const film = new Film();
    film.video = Object.assign(document.createElement('video'), { muted: true, preload: 'auto', src: url });
    try {
      await heard(film.video, 'loadeddata');
      if (!film.video.videoWidth) throw new Error();
      if (!Number.isFinite(film.video.duration)) await film.#measure();
    } catch {
      film.close();
      throw Object.assign(new Error(t('film.undecodable', { name })), { isUndecodable: true });
    }
    film.duration = 1000 * film.video.duration; // milliseconds
    return film;
  }

  /** Learns the length of a film that does not say it, as a browser's recording: by going beyond its end. */
  async #measure() {
    this.video.currentTime = Number.MAX_SAFE_INTEGER;
    await heard(this.video, 'seeked');
  }

  /** Returns the picture of a time as a canvas. */
  async picture(at, canvas = document.createElement('canvas')) {
    const { video } = this;
    const wanted = Math.min(at / 1000, Math.max(0, video.duration - 0.001));
    if (video.currentTime !== wanted || video.seeking) {
      video.currentTime = wanted;
      await heard(video, 'seeked');
    }
    const scale = Math.min(1, LONGEST / Math.max(video.videoWidth, video.videoHeight));
    canvas.width = Math.round(scale * video.videoWidth);
    canvas.height = Math.round(scale * video.videoHeight);
    canvas.getContext('2d').drawImage(video, 0, 0, canvas.width, canvas.height);
    return canvas;
  }

  /** Lets the browser forget the film. */
  close() {
    this.video.removeAttribute('src');
    this.video.load();
  }
}

/** The samples of a film. */
export class Sampling {
  /**
   * `film`: a Film; `ask`: (JPEG as a Blob, signal) → promise of an answer; `take`: (time, canvas, answer), called in
   * the order of the film.
   */
  constructor(film, ask, take) {
    this.film = film;
    this.ask = ask;
    this.take = take;
    this.next = 0; // time of the first sample that was not taken, milliseconds
    this.canvases = Array.from({ length: AT_ONCE }, () => document.createElement('canvas'));
    this.stopping = null; // an AbortController while it runs
  }

  get isDone() {
    return this.next >= this.film.duration;
  }

  get isRunning() {
    return this.stopping !== null;
  }

  /** Looks at the rest of the film. Resolves at its end or once stopped; throws what went wrong. */
  async run() {
    const { signal } = (this.stopping = new AbortController());
    const asked = [];
    try {
      for (let at = this.next; at < this.film.duration && !signal.aborted; at += EVERY) {
        if (asked.length === AT_ONCE) await this.#settle(asked.shift());
        if (signal.aborted) break;
        asked.push(await this.#sample(at, signal));
      }
      while (asked.length && !signal.aborted) await this.#settle(asked.shift());
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      this.stopping?.abort();
      this.stopping = null;
    }
  }

  /** Stops; `run` goes on from there. */
  stop() {
    this.stopping?.abort();
  }

  async #sample(at, signal) {
    const canvas = await this.film.picture(at, this.canvases[(at / EVERY) % AT_ONCE]);
    const answer = this.ask(await jpeg(canvas, QUALITY), signal);
    answer.catch(() => {}); // told when its turn comes
    return { at, canvas, answer };
  }

  async #settle({ at, canvas, answer }) {
    const said = await answer;
    if (!this.stopping?.signal.aborted) {
      this.take(at, canvas, said);
      this.next = at + EVERY;
    }
  }
}

/** Encodes a canvas. */
export function jpeg(canvas, quality) {
  return new Promise((resolve, reject) => {
    const done = (blob) => (blob ? resolve(blob) : reject(new Error(t('picture.undrawable'))));
    canvas.toBlob(done, 'image/jpeg', quality);
  });
}

/** Waits for an event of a video; rejects at an error, or where it does not come. */
function heard(video, event) {
  return new Promise((resolve, reject) => {
    const end = (how) => () => {
      clearTimeout(timer);
      for (const [name, listener] of listeners) video.removeEventListener(name, listener);
      how();
    };
    const failed = end(() => reject(new Error(t('film.stuck'))));
    const timer = setTimeout(failed, PATIENCE);
    const listeners = [
      [event, end(resolve)],
      ['error', failed],
    ];
    for (const [name, listener] of listeners) video.addEventListener(name, listener);
  });
}
