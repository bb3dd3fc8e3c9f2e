// A film on the page: it is looked at while it plays, and whoever is seen stands beside it.

import { vector } from './alike.js';
import { cast, titled } from './cast.js';
import { fill, h } from './dom.js';
import { Following } from './following.js';
import { t } from './language.js';
import { nameFace } from './nameface.js';
import { attempt, button, failure } from './parts.js';
import { Picture, around, cut, pixels } from './picture.js';
import { clock, player } from './player.js';
import { indexed } from './probe.js';
import { Film, Sampling, jpeg } from './sampling.js';
import { whereabouts } from './whereabouts.js';

const EVEN = [[0, -1], [100, 1]]; // similarities, where the server does not say what its scores mean
const DRAWN = 300; // milliseconds between two drawings of the list
const PORTRAIT = 128; // pixels
const FINE = 0.95; // quality of a JPEG that is indexed

/** Opens a film; returns its element, `begin` and `end`. Throws where the browser cannot play it. */
export async function filmView(app, collection, file) {
  if (!file.size) throw new Error(t('picture.empty', { name: file.name }));
  const url = URL.createObjectURL(file);
  const film = await Film.open(url, file.name).catch((error) => {
    URL.revokeObjectURL(url);
    throw error;
  });
  const following = new Following(app.about?.scores ?? EVEN);
  const crops = new Map(); // track → address of its best face
  const sampling = new Sampling(film, ask, take);
  let chosen = null;
  let due = null;

  const shown = player(url, {
    length: film.duration,
    faces: facesAt,
    choose: (id) => choose(following.tracks[id].person),
    moved: (time) => list.element.style.setProperty('--at', `${(100 * time) / film.duration}%`),
  });
  const { length, now, seek } = { length: film.duration, now: shown.now, seek: shown.seek };
  const list = cast({ length, now, seek, choose: jump, name, portrait });
  const finder = whereabouts(app, collection, following, { choose: jump, changed: draw });
  const state = lookedAt(film.duration, () => (sampling.isRunning ? sampling.stop() : begin()));
  const side = h('div', { class: 'stack side' }, finder.element, list.element);
  const left = h('div', { class: 'stack' }, shown.element, state.element);
  const element = h('div', { class: 'split film' }, left, side);

  /** Searches for everybody in a sample. */
  async function ask(blob, signal) {
    const request = {
      CollectionId: collection,
      Image: await new Picture(blob, file.name).image(),
      PersonMatchThreshold: app.search.threshold,
      Embeddings: true,
    };
    return app.api.call('Mien.SearchPeopleByImage', request, signal);
  }

  function take(at, canvas, { Faces: faces }) {
    const seen = faces.filter((each) => each.Embedding).map((each) => face(each, canvas));
    for (const { track, face: best } of following.add(at, seen)) keep(track, best, canvas);
    due ??= setTimeout(draw, DRAWN);
  }

  /** Keeps the crop of a track's best-seen face. */
  async function keep(track, { box }, canvas) {
    const size = { naturalWidth: canvas.width, naturalHeight: canvas.height };
    const region = around(pixels(box, size), 0.25, size);
    const blob = await cut(canvas, region, Math.min(1, PORTRAIT / Math.max(region.width, region.height)));
    const before = crops.get(track);
    crops.set(track, URL.createObjectURL(blob));
    if (before) URL.revokeObjectURL(before);
    due ??= setTimeout(draw, DRAWN);
  }

  function facesAt(time) {
    return following.at(time).map(({ track, box }) => {
      const { person } = track;
      const label = titled(person);
      return { id: track.id, box, kind: person.user ? 'good' : 'warn', label, name: label, isChosen: person === chosen };
    });
  }

  function draw() {
    clearTimeout(due);
    due = null;
    list.draw(following.seen(), chosen, finder.part());
    shown.fresh();
    state.draw(sampling, following.people.length);
  }

  function choose(person) {
    shown.pause();
    chosen = person;
    draw();
    element.querySelector('.cast .chosen')?.scrollIntoView({ block: 'nearest' });
  }

  function jump(person) {
    choose(person);
    seek(following.seen().find((each) => each.person === person).spans[0][0]);
  }

  function portrait(person, frame) {
    const src = crops.get(bestOf(person));
    if (src && frame.firstElementChild?.src !== src) fill(frame, h('img', { alt: '', src }));
  }

  async function name(person) {
    const { at } = bestOf(person).best;
    const index = async () => indexed(app, collection, ...(await still(at, bestOf(person))));
    const named = await nameFace(app, collection, index, t('film.is_added', { time: clock(at) }));
    if (!named) return;
    chosen = following.name(person, named);
    draw();
  }

  /** Returns the photo of a sample, as `indexed` takes it, and the number of the track's face in it. */
  async function still(at, track) {
    const other = await Film.open(url, file.name);
    const picture = new Picture(await jpeg(await other.picture(at), FINE), `${file.name} ${clock(at)}`);
    other.close();
    const found = following.sampled(at);
    const faces = found.map(({ box }) => ({ BoundingBox: box }));
    return [{ picture, image: await picture.load(), faces }, found.findIndex((each) => each.track === track)];
  }

  async function begin() {
    state.draw(sampling, 0, true);
    try {
      await sampling.run();
      draw();
    } catch (error) {
      draw();
      state.fail(error);
    }
  }

  function end() {
    sampling.stop();
    film.close();
    clearTimeout(due);
    for (const each of [url, ...crops.values()]) URL.revokeObjectURL(each);
  }

  draw();
  return { element, begin: () => attempt(begin), end };
}

/** Returns a face of an answer as it is followed. */
function face({ FaceDetail: { BoundingBox: box, Pose, Quality, Confidence }, People: people, Embedding }, canvas) {
  const side = Math.sqrt(box.Width * canvas.width * box.Height * canvas.height);
  const straight = Math.max(0, cosine(Pose.Yaw) * cosine(Pose.Pitch));
  const worth = Math.min(1, side / PORTRAIT) * straight * (Confidence / 100) * (0.5 + Quality.Sharpness / 200);
  return { box, people, vector: vector(Embedding), worth };
}

function cosine(degrees) {
  return Math.cos((degrees * Math.PI) / 180);
}

/** Returns the track in which a person is seen best. */
function bestOf(person) {
  return person.tracks.reduce((one, other) => (other.best.worth > one.best.worth ? other : one));
}

/** Makes the line that says how much was looked at. `toggle`: stops and goes on. */
function lookedAt(length, toggle) {
  const bar = h('progress', { max: length, value: 0, 'aria-label': t('add.progress') });
  const text = h('span', { class: 'grow quiet small', role: 'status' });
  const stop = button(t('add.stop'), '', toggle);
  const wrong = h('div');

  function draw(sampling, people, isBeginning = false) {
    const isRunning = isBeginning || sampling.isRunning;
    const at = Math.min(sampling.next, length);
    bar.value = at;
    bar.hidden = stop.hidden = sampling.isDone;
    stop.lastChild.textContent = t(isRunning ? 'add.stop' : 'add.resume');
    const said = sampling.isDone ? t('film.done', { count: people }) : t('film.looked', { at: clock(at), length: clock(length) });
    if (text.textContent !== said) text.textContent = said;
    if (isRunning) fill(wrong);
  }

  const element = h('div', { class: 'stack tight' }, bar, h('div', { class: 'row' }, text, stop), wrong);
  return { element, draw, fail: (error) => fill(wrong, failure(error)) };
}
