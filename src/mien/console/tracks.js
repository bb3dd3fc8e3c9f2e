// The track of a face through a film: where it is at which time, and its best-seen face.

const SIDES = 5; // numbers of a place: time, left, top, width, height
const GAP = 1200; // milliseconds between two samples that a box is moved across
const MARGIN = 260; // milliseconds before the first and after the last sample that its box is shown
const JOINED = 2000; // milliseconds between two times that are told as one
const BETTER = 1.1; // as much must a face be seen better to take the place of the best

/** A face followed through samples. Times are milliseconds of the film. */
export class Track {
  constructor(id) {
    this.id = id;
    this.places = new Float32Array(8 * SIDES);
    this.count = 0;
    this.best = null; // {at, box, vector, people, worth}
    this.latest = null;
    this.person = null;
    this.told = null; // {UserId, DisplayName}, where the user said who it is
  }

  get first() {
    return this.places[0];
  }

  get last() {
    return this.places[SIDES * (this.count - 1)];
  }

  /** Adds a face; tells whether it is seen better than all before. */
  add(at, face) {
    if (SIDES * this.count === this.places.length) {
      const more = new Float32Array(2 * this.places.length);
      more.set(this.places);
      this.places = more;
    }
    const { Left, Top, Width, Height } = face.box;
    this.places.set([at, Left, Top, Width, Height], SIDES * this.count++);
    this.latest = face;
    const isBetter = !this.best || face.worth > BETTER * this.best.worth;
    if (isBetter) this.best = { at, ...face };
    return isBetter;
  }

  /** Returns the face's box at a time, between two samples on the way from one to the other; null where it is unseen. */
  at(time) {
    if (time < this.first - MARGIN || time > this.last + MARGIN) return null;
    const i = this.#before(time);
    if (i < 0) return this.#box(0);
    const from = this.places[SIDES * i];
    if (i === this.count - 1) return this.#box(i);
    const to = this.places[SIDES * (i + 1)];
    if (to - from > GAP) return time - from <= MARGIN ? this.#box(i) : to - time <= MARGIN ? this.#box(i + 1) : null;
    return this.#box(i, (time - from) / (to - from));
  }

  /** Returns the box of the sample of this time; null where it has none. */
  sampled(time) {
    const i = this.#before(time);
    return i >= 0 && this.places[SIDES * i] === time ? this.#box(i) : null;
  }

  /** Returns the times of all samples. */
  times() {
    return Array.from({ length: this.count }, (_, i) => this.places[SIDES * i]);
  }

  /** Returns the number of the last sample that is not after a time, or -1. */
  #before(time) {
    let [low, high] = [-1, this.count - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.places[SIDES * middle] <= time) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #box(i, share = 0) {
    const [one, other] = [i, share ? i + 1 : i].map((each) => this.places.subarray(SIDES * each, SIDES * (each + 1)));
    const [, Left, Top, Width, Height] = one.map((value, each) => value + share * (other[each] - value));
    return { Left, Top, Width, Height };
  }
}

/** Returns the times in which any of the tracks is seen: [[from, to]], in their order. */
export function spans(tracks) {
  return joined(tracks.flatMap((each) => each.times()));
}

/** Returns the spans of times that lie close to each other: [[from, to]], in their order. */
export function joined(times) {
  const found = [];
  for (const time of times.toSorted((one, other) => one - other)) {
    if (found.length && time - found.at(-1)[1] <= JOINED) found.at(-1)[1] = time;
    else found.push([time, time]);
  }
  return found;
}
