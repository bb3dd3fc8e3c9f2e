// Photographs in the page: opened, held against the API's limits, made smaller where they must be.

export const MOST_BYTES = 5_242_880;
const MOST_SIDE = 8192; // of a picture made smaller here; canvases beyond are not drawn everywhere
const QUALITY = 0.92;

/** A photograph as the API takes it: `blob` (JPEG or PNG), `name`, and `note` where it is not the file itself. */
export class Picture {
  constructor(blob, name, note = '') {
    this.blob = blob;
    this.name = name;
    this.note = note;
  }

  /** The bytes as the API's JSON takes them. */
  async image() {
    return { Bytes: await base64(this.blob) };
  }

  /** The picture as an <img>, upright, decoded, with its `naturalWidth` and `naturalHeight`. */
  async load() {
    this.loaded ??= decoded(this.blob, this.name);
    return this.loaded;
  }
}

/**
 * A file as the API takes it. What is a JPEG or PNG within the limit goes as it is; the rest is drawn anew.
 * Throws an Error with a sentence when the browser cannot read it.
 */
export async function prepare(file) {
  const name = file.name || 'pasted picture';
  const isPlain = await isJpegOrPng(file);
  if (isPlain && file.size <= MOST_BYTES) return new Picture(file, name);
  const { blob, scale } = await smaller(await decoded(file, name));
  const why = isPlain ? 'it is larger than 5 MB' : 'the server takes JPEG and PNG';
  const how = scale < 1 ? `as a JPEG of ${Math.round(100 * scale)}% of its size` : 'as a JPEG';
  return new Picture(blob, name, `Sent ${how}, because ${why}.`);
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
 * A region of a loaded picture as a JPEG.
 * `region`: {left, top, width, height} in pixels of the picture; `scale`: of the result; `cover`: regions to paint
 * over.
 */
export async function cut(image, region, scale = 1, cover = [], quality = QUALITY) {
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(region.width * scale));
  canvas.height = Math.max(1, Math.round(region.height * scale));
  const context = canvas.getContext('2d');
  context.fillStyle = '#808080'; // under what is transparent, and over what is not meant
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
      (blob) => (blob ? resolve(blob) : reject(new Error('The browser cannot draw this picture.'))),
      'image/jpeg',
      quality,
    );
  });
}

/** A box of the API (shares of the picture) in pixels of a loaded picture. */
export function pixels(box, image) {
  const { naturalWidth: width, naturalHeight: height } = image;
  return { left: box.Left * width, top: box.Top * height, width: box.Width * width, height: box.Height * height };
}

/** `region` with `share` of its size added on every side, within the picture and no smaller than `least` pixels. */
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
    throw new Error(blob.size ? `This browser cannot read ${name} as a picture.` : `${name} is empty.`);
  } finally {
    URL.revokeObjectURL(image.src); // the element keeps what it has read
  }
  return image;
}

async function isJpegOrPng(file) {
  const head = new Uint8Array(await file.slice(0, 8).arrayBuffer());
  const starts = (...bytes) => bytes.every((byte, i) => head[i] === byte);
  return starts(0xff, 0xd8, 0xff) || starts(0x89, 0x50, 0x4e, 0x47);
}

function base64(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(',') + 1));
    reader.onerror = () => reject(new Error('The file can no longer be read.'));
    reader.readAsDataURL(blob);
  });
}
