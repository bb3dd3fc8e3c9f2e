// Searches a collection for one face of a photograph, even where it is not the largest.

import { t } from './language.js';
import { writtenFile } from './names.js';
import { Picture, around, cut, pixels } from './picture.js';

const LEAST = 160; // pixels of a cut-out; the server refuses pictures below 80
const MARGIN = 1; // of a face's size, on every side; the detector needs the surroundings of a head
const QUALITY = 0.97; // of a cut-out as a JPEG, high enough not to change the embedding much
export const MOST = 5; // matches of each face
const LEAST_OVERLAP = 0.3; // of the chosen face and the one that the server searched; another person's has none

/**
 * Searches for one face of a picture; returns its matches, the best first.
 * The API searches for the largest face of an image, so that one is sent as the whole picture. Any other is cropped
 * with its surroundings, large faces beside it are painted over, and the answer is checked to be about that face.
 * `photo`: {picture, image, faces}, with the faces as DetectFaces gave them.
 */
export async function searched(app, collection, photo, i) {
  const alone = await cutOut(photo, i);
  const image = await alone.picture.image();
  const { box, matches } = await ask(app, { CollectionId: collection, Image: image, QualityFilter: 'NONE' });
  if (!alone.shows(box)) throw new Error(t('search.inseparable'));
  return matches;
}

/** Indexes one face of a picture, cropped with its surroundings as for a search; returns its FaceId. */
export async function indexed(app, collection, photo, i) {
  const alone = await cutOut(photo, i);
  const { FaceRecords: records } = await app.api.call('IndexFaces', {
    CollectionId: collection,
    Image: await alone.picture.image(),
    ExternalImageId: writtenFile(photo.picture.name),
    MaxFaces: 1,
    QualityFilter: 'NONE',
  });
  const [face] = records.map((each) => each.Face);
  if (face && alone.shows(face.BoundingBox)) {
    app.album.remember(alone.picture, records, collection);
    return face.FaceId;
  }
  if (face) await app.api.call('DeleteFaces', { CollectionId: collection, FaceIds: [face.FaceId] });
  throw new Error(t('search.inseparable'));
}

/** Returns a picture of one face alone, and `shows`: whether a box of the API in it, or none, is of that face. */
async function cutOut({ picture, image, faces }, i) {
  const [mine, ...others] = [faces[i], ...faces.filter((face) => face !== faces[i])].map((face) =>
    pixels(face.BoundingBox, image),
  );
  if (others.every((other) => area(other) <= area(mine))) return { picture, shows: () => true };
  const region = around(mine, MARGIN, image, LEAST);
  const blob = await cut(image, region, 1, covers(mine, others), QUALITY);
  const shows = (box) => Boolean(box) && overlap(mine, within(region, box)) >= LEAST_OVERLAP;
  return { picture: new Picture(blob, picture.name), shows };
}

/** Returns the matches of an image's largest face and its box; no box where no face was found. */
async function ask(app, request) {
  const limits = { MaxFaces: MOST, FaceMatchThreshold: app.search.threshold };
  const answer = await app.api.call('SearchFacesByImage', { ...request, ...limits });
  return { box: answer.SearchedFaceBoundingBox, matches: answer.FaceMatches };
}

/** Returns the faces to paint over: about as large as this one or larger, and not overlapping it. */
function covers(mine, others) {
  return others.filter((other) => area(other) > 0.5 * area(mine) && overlap(other, mine) < 0.1);
}

/** Converts a box of the API (shares of a region) to the pixels that the region is in. */
function within(region, box) {
  const [left, top] = [region.left + box.Left * region.width, region.top + box.Top * region.height];
  return { left, top, width: box.Width * region.width, height: box.Height * region.height };
}

function area({ width, height }) {
  return width * height;
}

/** Returns intersection over union, 0–1. */
function overlap(one, other) {
  const width = Math.min(one.left + one.width, other.left + other.width) - Math.max(one.left, other.left);
  const height = Math.min(one.top + one.height, other.top + other.height) - Math.max(one.top, other.top);
  if (width <= 0 || height <= 0) return 0;
  return (width * height) / (area(one) + area(other) - width * height);
}
