// Follows faces from sample to sample of a film, and says which of them are one person. It knows nothing of the page.

import { similarity } from './alike.js';
import { overlap } from './boxes.js';
import { Track, spans } from './tracks.js';

const SAME = 80; // similarity of two tracks of one person
const LIKELY = 60; // of a face and the track that it goes on
const DOUBTFUL = 40; // and of one that is where the track was
const NEAR = 0.3; // intersection over union of such a face and the track
const OVER = 2000; // milliseconds without a face, after which a track is over

/** The tracks of a film, and its people. */
export class Following {
  /** `scores`: as `similarity` takes them. */
  constructor(scores) {
    this.scores = scores;
    this.tracks = [];
    this.people = []; // {user, name, number, tracks}, of whom `user` or `number` is null
    this.last = -1; // time of the latest sample
  }

  /**
   * Adds the faces of the next sample; returns those that are a better portrait of their track than any before.
   * `at`: milliseconds; `faces`: [{box, vector, people, worth}], `people` as SearchPeopleByImage answers them and
   * `worth` how well the face is seen.
   */
  add(at, faces) {
    this.last = at;
    const live = this.tracks.filter((each) => at - each.last <= OVER);
    const better = [];
    for (const [face, found] of this.#matched(live, faces)) {
      const track = found ?? new Track(this.tracks.length);
      if (!found) this.tracks.push(track);
      if (!track.add(at, face)) continue;
      this.#identify(track);
      better.push({ track, face });
    }
    return better;
  }

  /** Pairs each face with the track that it goes on, or null; the surest pairs first. */
  #matched(tracks, faces) {
    const pairs = [];
    for (const track of tracks)
      for (const face of faces) {
        if (areTwo(track.best, face)) continue;
        const near = overlap(track.latest.box, face.box);
        const like = Math.max(
          similarity(track.latest.vector, face.vector, this.scores),
          similarity(track.best.vector, face.vector, this.scores),
        );
        if (like >= LIKELY || (near >= NEAR && like >= DOUBTFUL)) pairs.push({ track, face, sure: like / 100 + near });
      }
    const taken = new Map();
    const used = new Set();
    for (const { track, face } of pairs.sort((one, other) => other.sure - one.sure)) {
      if (taken.has(face) || used.has(track)) continue;
      taken.set(face, track);
      used.add(track);
    }
    return faces.map((face) => [face, taken.get(face) ?? null]);
  }

  /** Says whose a track is: whom its best-seen face was found to be, or whom else it is like, or somebody new. */
  #identify(track) {
    const [found] = track.told ? [track.told] : track.best.people;
    const person = (found ? this.#known(found) : this.#resembled(track)) ?? this.#alone(track) ?? this.#made(found);
    this.#give(track, person);
  }

  #known({ UserId: user }) {
    return this.people.find((each) => each.user === user);
  }

  /** Returns the person whose other tracks are most like this one, and who is not seen at the same time. */
  #resembled(track) {
    let [most, like] = [null, SAME];
    for (const person of this.people) {
      const others = person.tracks.filter((each) => each !== track);
      if (others.some((each) => each.first <= track.last && track.first <= each.last)) continue;
      for (const each of others) {
        const reached = similarity(each.best.vector, track.best.vector, this.scores);
        if (reached >= like) [most, like] = [person, reached];
      }
    }
    return most;
  }

  /** Returns the unknown person that has this track alone, if there is one. */
  #alone(track) {
    const person = track.person;
    const isFound = track.told || track.best.people.length;
    return person && !isFound && person.number && person.tracks.length === 1 ? person : null;
  }

  #made(found) {
    const person = { user: found?.UserId ?? null, name: found?.DisplayName ?? null, number: null, tracks: [] };
    if (!found) person.number = this.#free();
    this.people.push(person);
    return person;
  }

  /** Returns the least number that no unknown person has. */
  #free() {
    const used = new Set(this.people.map((each) => each.number));
    let number = 1;
    while (used.has(number)) number++;
    return number;
  }

  #give(track, person) {
    const before = track.person;
    if (before === person) return;
    if (before) {
      before.tracks.splice(before.tracks.indexOf(track), 1);
      if (!before.tracks.length) this.people.splice(this.people.indexOf(before), 1);
    }
    person.tracks.push(track);
    track.person = person;
  }

  /** Says who a person is: {UserId, DisplayName}. Returns the person, another one where that is known in the film. */
  name(person, { UserId: user, DisplayName: name }) {
    for (const track of person.tracks) track.told = { UserId: user, DisplayName: name };
    const known = this.#known({ UserId: user });
    if (known && known !== person) for (const track of [...person.tracks]) this.#give(track, known);
    else Object.assign(person, { user, name, number: null });
    return known ?? person;
  }

  /** Returns who is seen at a time, each with the place of the face: [{track, box}]. */
  at(time) {
    return this.tracks.map((track) => ({ track, box: track.at(time) })).filter((each) => each.box);
  }

  /** Returns who is in the sample of this time: [{track, box}]. */
  sampled(time) {
    return this.tracks.map((track) => ({ track, box: track.sampled(time) })).filter((each) => each.box);
  }

  /** Returns people in the order in which they are first seen, each with the times: {person, spans: [[from, to]]}. */
  seen() {
    const all = this.people.map((person) => ({ person, spans: spans(person.tracks) }));
    return all.sort((one, other) => one.spans[0][0] - other.spans[0][0]);
  }

  /** Returns people and how similar their best-seen face is to a vector, the most similar first. */
  like(wanted) {
    const best = (person) =>
      Math.max(...person.tracks.map((each) => similarity(each.best.vector, wanted, this.scores)));
    return this.people
      .map((person) => ({ person, similarity: best(person) }))
      .sort((one, other) => other.similarity - one.similarity);
  }
}

/** Tells whether two faces are found to be two people, as after a cut to somebody who sits where another sat. */
function areTwo({ people: [one] }, { people: [other] }) {
  return Boolean(one && other) && one.UserId !== other.UserId;
}
