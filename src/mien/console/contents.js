// Tells whether a file is a photograph by its first bytes, as the server does (`image/contents.py`).

const NAMED = /\.(jpe?g|png|webp|gif|bmp|avif|heic|heif|jxl|tiff?)$/i;
const BEGINNINGS = [
  [0xff, 0xd8, 0xff],
  [0x89, 0x50, 0x4e, 0x47],
  [0x47, 0x49, 0x46, 0x38],
  [0x42, 0x4d],
  [0x49, 0x49, 0x2a, 0],
  [0x4d, 0x4d, 0, 0x2a],
  [0xff, 0x0a],
  [0, 0, 0, 0x0c, 0x4a, 0x58, 0x4c, 0x20],
];
const PICTURES = /^(heic|heix|heim|heis|hevc|hevx|hevm|hevs|mif1|mif2|msf1|miaf|avif|avis)$/;

/** What a file chooser offers: some systems do not know that the files of phones are pictures. */
export const ACCEPTED = 'image/*,.heic,.heif,.avif,.jxl,.tif,.tiff';

/**
 * Tells whether a file is a photograph. Its name counts only where its bytes say nothing, so that a damaged photograph
 * is refused with a reason and not passed over.
 */
export async function isPhotograph(file) {
  const head = new Uint8Array(await file.slice(0, 64).arrayBuffer());
  const word = (from) => String.fromCharCode(...head.slice(from, from + 4));
  if (word(4) === 'ftyp') return [8, 16, 20, 24, 28].some((from) => PICTURES.test(word(from)));
  if (word(0) === 'RIFF') return word(8) === 'WEBP';
  return BEGINNINGS.some((beginning) => beginning.every((byte, at) => head[at] === byte)) || NAMED.test(file.name);
}
