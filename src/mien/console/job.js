// What a job found in a film: who is seen from when to when, or when there are faces.

import { strip } from './cast.js';
import { fill, h, icon } from './dom.js';
import { t } from './language.js';
import { failure, head, note, working } from './parts.js';
import { called, thumbnail } from './person.js';
import { clock } from './player.js';
import { shown } from './names.js';
import { joined } from './tracks.js';
import { score } from './words.js';

const PAGE = 1000; // entries of an answer, as many as AWS allows
const MOST = 200; // people of a list

/** Makes the page of a finished job. `query`: `of`, the operation that began it, and `in`, the collection. */
export function jobPage(app, id, query) {
  const isSearch = query.get('of') !== 'StartFaceDetection';
  const body = h('div', { class: 'stack' }, working(t('jobs.reading')));
  const back = h('a', { class: 'back', href: '#/jobs' }, icon('previous'), t('jobs.title'));
  const page = h('div', { class: 'stack page' }, h('div', {}, back, head(t(isSearch ? 'jobs.StartFaceSearch' : 'jobs.StartFaceDetection'))), body);
  read(app, id, isSearch, page).then(
    (found) => found && fill(body, isSearch ? people(app, found, query.get('in')) : faces(found)),
    (error) => fill(body, failure(error)),
  );
  return page;
}

/** Reads all pages of a result: {length, seen: Map of index → {index, times, match}}; null once the page was left. */
async function read(app, id, isSearch, page) {
  const seen = new Map();
  let length;
  for (let token; ;) {
    const request = { JobId: id, MaxResults: PAGE, NextToken: token };
    const answer = await app.api.call(isSearch ? 'GetFaceSearch' : 'GetFaceDetection', request);
    length ??= Math.max(1, answer.VideoMetadata?.DurationMillis ?? 1);
    for (const each of isSearch ? answer.Persons : answer.Faces) add(seen, each);
    token = answer.NextToken;
    if (!token) return { length, seen };
    if (seen.size && !page.isConnected) return null;
  }
}

function add(seen, { Timestamp: time, Person: person, FaceMatches: matches }) {
  const index = person?.Index ?? 0; // GetFaceDetection does not say whose a face is
  if (!seen.has(index)) seen.set(index, { index, times: [], match: null });
  const known = seen.get(index);
  known.times.push(time);
  const [best] = matches ?? [];
  if (best && best.Similarity > (known.match?.Similarity ?? 0)) known.match = best;
}

function people(app, { length, seen }, collection) {
  const all = [...seen.values()].sort((one, other) => one.times[0] - other.times[0]);
  if (!all.length) return note('plain', t('jobs.nobody'));
  const rows = all.slice(0, MOST).map((each) => person(app, each, length, collection));
  const more = all.length > MOST && h('p', { class: 'quiet', text: t('jobs.more', { count: all.length - MOST }) });
  return [h('p', { text: t('count.users', { count: all.length }) }), h('ul', { class: 'cast stack' }, rows), more];
}

function person(app, { index, times, match }, length, collection) {
  const face = match?.Face;
  const name = face ? (face.UserId ? shown(face.UserId) : called(face)) : t('film.unknown', { number: index + 1 });
  const spans = joined(times);
  const [from, to] = [spans[0][0], spans.at(-1)[1]].map(clock);
  const picture = face ? thumbnail(app, face.FaceId, name, collection) : h('span', { class: 'thumb none' }, icon('user'));
  const like = match && h('span', { class: 'score good', text: score(match.Similarity) });
  const when = h('p', { class: 'quiet small', text: t('jobs.seen', { from, to, times: t('film.times', { count: spans.length }) }) });
  const words = h('div', { class: 'grow' }, h('strong', { class: 'clip', text: name }), when);
  return h('li', { class: 'card stack tight' }, h('div', { class: 'row' }, picture, words, like), strip(spans, length));
}

function faces({ length, seen }) {
  const times = seen.get(0)?.times ?? [];
  if (!times.length) return note('plain', t('film.nobody'));
  const together = Map.groupBy(times, (time) => time);
  const most = Math.max(...[...together.values()].map((each) => each.length));
  const told = t('jobs.faces', { count: together.size, most });
  return h('section', { class: 'card stack tight' }, h('p', { text: told }), strip(joined(times), length));
}
