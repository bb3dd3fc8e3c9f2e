// Names written as ids of the API, and ids shown as names: the same as `mien.naming`, which says how and why.

import { ours } from './sha256.js';

export const MOST_USER = 128; // characters of a UserId
export const MOST_IMAGE = 255; // and of an ExternalImageId
const MOST_NAME = 1000;
const DIGEST = 32; // hexadecimal digits
const SYMBOLS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'; // for six bits each
const EDGE =
  '[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200b\\u200e\\u200f\\u2028-\\u202f\\u205f\\u2060\\u2066-\\u2069\\u3000\\ufeff]+';
const EDGES = new RegExp(`^${EDGE}|${EDGE}$`, 'g');
const END = new RegExp(`${EDGE}$`);
const CONTROL = /[\x00-\x1f\x7f-\x9f\u2028\u2029]/;
const SURROGATE = /\p{Surrogate}/u;
const OTHER = /[^A-Za-z0-9_.-]/gu;
const OTHERS = /[^\x00-\x7f]+|[^A-Za-z0-9_.-]/gu;
const TOKEN = /:([0-9A-F]{2})|::([A-Za-z0-9_-]+)\.|([A-Za-z0-9_.-])/y;
const SHORTENED = new RegExp(`^(.*):\\.[0-9a-f]{${DIGEST}}$`);
const DATED = /:20(\d)(?=\d(-?)(?:0[1-9]|1[0-2])\2(?:0[1-9]|[12]\d|3[01])(?!\d))/g;

/** Returns a person's name as it is kept, or null where it is no name: `problem` says why. */
export function normal(name) {
  return problem(name) ? null : trimmed(name);
}

/** Says what is wrong with a name: 'empty', 'long', 'unicode' or 'control'; null where nothing is. */
export function problem(name) {
  const kept = trimmed(name);
  if (!kept) return 'empty';
  if ([...kept].length > MOST_NAME) return 'long';
  if (SURROGATE.test(kept)) return 'unicode';
  return CONTROL.test(kept) ? 'control' : null;
}

/** Writes a person's name, for which there is no `problem`, as an id of at most `most` characters. */
export function written(name, most = MOST_USER) {
  return fitted(trimmed(name), most);
}

/** Writes the name of a file as an ExternalImageId. */
export function writtenFile(name) {
  return fitted(name.replace(/\p{Surrogate}/gu, '\ufffd').normalize('NFC'), MOST_IMAGE);
}

/** Returns the name to keep beside an id; undefined where `shown` reads it from the id. */
export function keptBeside(name, id) {
  const kept = trimmed(name);
  return shown(id) === kept ? undefined : kept;
}

/** Returns the name that an id was written from. An id that was not written from a name is returned as it is. */
export function shown(id) {
  const shortened = SHORTENED.exec(id);
  const begun = read(shortened ? shortened[1] : id);
  if (begun === null) return id;
  return shortened ? `${begun.replace(END, '')}…` : begun;
}

function trimmed(name) {
  return name.normalize('NFC').replace(EDGES, '');
}

function fitted(name, most) {
  const plain = spelt(name);
  if (plain.length <= most) return plain;
  const run = packed(name);
  if (run.length <= most) return run;
  const letters = [...name];
  let [low, high] = [0, Math.min(letters.length, most) - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (packed(letters.slice(0, middle).join('')).length <= most - DIGEST - 2) low = middle;
    else high = middle - 1;
  }
  const digest = [...ours(bytes(name))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${packed(letters.slice(0, low).join(''))}:.${digest.slice(0, DIGEST)}`;
}

function spelt(name) {
  return undated(name.replace(OTHER, hexadecimal));
}

function packed(name) {
  return undated(
    name.replace(OTHERS, (run) =>
      run < '\x80' ? hexadecimal(run) : `::${[...bytes(run)].map((byte) => SYMBOLS[byte & 63]).join('')}.`,
    ),
  );
}

function undated(id) {
  return id.replace(DATED, ':20:3$1');
}

function hexadecimal(text) {
  return [...bytes(text)].map((byte) => `:${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
}

function bytes(text) {
  return new TextEncoder().encode(text);
}

function read(id) {
  if (id.search(DATED) >= 0) return null;
  const data = [];
  TOKEN.lastIndex = 0;
  for (let place = 0; place < id.length; place = TOKEN.lastIndex) {
    const token = TOKEN.exec(id);
    if (!token) return null;
    const [, plain, run, letter] = token;
    if (plain) data.push(Number.parseInt(plain, 16));
    else if (run) data.push(...unpacked(run));
    else data.push(letter.charCodeAt(0));
  }
  let name;
  try {
    name = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(data));
  } catch {
    return null;
  }
  if ((id !== spelt(name) && id !== packed(name)) || CONTROL.test(name)) return null;
  return name.normalize('NFC');
}

function unpacked(run) {
  let left = 0;
  return [...run].map((symbol) => {
    const bits = SYMBOLS.indexOf(symbol);
    const byte = (left ? 0x80 : 0xc0) | bits;
    if (left) left--;
    else left = bits < 32 ? 1 : bits < 48 ? 2 : 3;
    return byte;
  });
}
