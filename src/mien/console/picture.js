// Photographs in the page: opened, checked against the API's limits, and made smaller where they exceed them.

import { percent, t } from './language.js';

export const MOST_BYTES = 5_242_880;
const MOST_READ = 11_534_336; // of a file that the server reads
const MOST_SIDE = 8192; // of a picture made smaller here; some browsers draw no larger canvas
const QUALITY = 0.92;

/** A photograph as the API takes it: `blob` (JPEG or PNG), `name`, and `note` where it differs from the file. */
export class Picture {
  constructor(blob, name, note = '') {
    this.blob = blob;
    this.name = name;
    this.note = note;
  }

  /** Returns the bytes as the API's JSON takes them. */
  async image() {
    return { Bytes: await base64(this.blob) };
  }

  /** Returns the picture as an upright, decoded <img>, with its `naturalWidth` and `naturalHeight`. */
  async load() {
    this.loaded ??= decoded(this.blob, this.name);
    return this.loaded;
  }
}

/**
 * Returns a file as the API takes it. A JPEG or PNG within the limit stays as it is; any other is encoded again, by the
 * server where the browser cannot read it, as the HEIC of a phone.
 * Throws an Error with a sentence when neither can.
 */
export async function prepare(file, api) {
  const name = file.name || t('picture.pasted');
  const isPlain = await isJpegOrPng(file);
  if (isPlain && file.size <= MOST_BYTES) return new Picture(file, name);
  let image;
  try {
    image = await decoded(file, name);
  } catch (error) {
    if (!file.size || file.size > MOST_READ) throw error;
    return readByServer(file, name, api);
  }
  const { blob, scale } = await smaller(image);
  const why = `picture.${isPlain ? 'large' : 'format'}${scale < 1 ? '_smaller' : ''}`;
  return new Picture(blob, name, t(why, { percent: percent(100 * scale) }));
}

async function readByServer(file, name, api) {
  try {
    const answer = await api.call('Mien.ReadPhotograph', { Image: { Bytes: await base64(file) } });
    const bytes = Uint8Array.from(atob(answer.Image.Bytes), (letter) => letter.charCodeAt(0));
    const blob = new Blob([bytes], { type: 'image/jpeg' });
    return new Picture(blob, name, t('picture.read', { format: answer.Format }));
  } catch (error) {
    if (error.code !== 'InvalidImageFormatException') throw error;
    throw new Error(t('picture.unreadable_anywhere', { name, reason: error.message }));
  }
}

async function smaller(image) {
  let scale = Math.min(1, MOST_SIDE / Math.max(image.naturalWidth, image.naturalHeight));
  for (;;) {
    const blob = await cut(image, { left: 0, top: 0, width: image.naturalWidth, height: image.naturalHeight }, scale);
    if (blob.size <= MOST_BYTES) return { blob, scale };
    scale *= 0.8;
  }
}

/**
 * Crops a region of a loaded picture into a JPEG.
 * `region`: {left, top, width, height} in pixels of the picture; `scale`: of the result; `cover`: regions to paint
 * over.
 */
export async function cut(image, region, scale = 1, cover = [], quality = QUALITY) {
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(region.width * scale));
  canvas.height = Math.max(1, Math.round(region.height * scale));
  const context = canvas.getContext('2d');
  context.fillStyle = '#808080'; // behind transparent pixels, and over covered regions
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = 'high';
  context.drawImage(image, region.left, region.top, region.width, region.height, 0, 0, canvas.width, canvas.height);
  for (const each of cover) {
    context.fillRect(
      (each.left - region.left) * scale,
      (each.top - region.top) * scale,
      each.width * scale,
      each.height * scale,
    );
  }
  return new Promise((resolve, reject) => {
    canvas.toBlob(
      (blob) => (blob ? resolve(blob) : reject(new Error(t('picture.undrawable')))),
      'image/jpeg',
      quality,
    );
  });
}

/** Converts a box of the API (shares of the picture) to pixels of a loaded picture. */
export function pixels(box, image) {
  const { naturalWidth: width, naturalHeight: height } = image;
  return { left: box.Left * width, top: box.Top * height, width: box.Width * width, height: box.Height * height };
}

/** Returns `region` with `share` of its size added on every side, within the picture, `least` pixels or more. */
export function around(region, share, image, least = 0) {
  const across = [
    [region.left, region.width, image.naturalWidth],
    [region.top, region.height, image.naturalHeight],
  ];
  const [[left, width], [top, height]] = across.map(([start, size, whole]) => {
    const wanted = Math.min(whole, Math.max(least, size * (1 + 2 * share)));
    const begin = Math.min(Math.max(0, start + size / 2 - wanted / 2), whole - wanted);
    return [Math.floor(begin), Math.min(Math.ceil(wanted), whole)];
  });
  return { left, top, width, height };
}

async function decoded(blob, name) {
  const image = new Image();
  image.src = URL.createObjectURL(blob);
  try {
    await image.decode();
  } catch {
    throw new Error(t(blob.size ? 'picture.unreadable' : 'picture.empty', { name }));
  } finally {
    URL.revokeObjectURL(image.src); // the element keeps the pixels it has read
  }
  return image;
}

async function isJpegOrPng(file) {
  const head = new Uint8Array(await file.slice(0, 8).arrayBuffer());
  const starts = (...bytes) => bytes.every((byte, i) => head[i] === byte);
  return starts(0xff, 0xd8, 0xff) || starts(0x89, 0x50, 0x4e, 0x47);
}

/** Returns the bytes of a Blob in base64. */
export function base64(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.lastIndexOf(',') + 1));
    reader.onerror = () => reject(new Error(t('picture.gone')));
    reader.readAsDataURL(blob);
  });
}
