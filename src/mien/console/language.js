// The language of the page. Its texts are in words.LANGUAGE.json, a file for each language with the same keys.

/** Every language with its own name for itself; the first is used where the browser wants none of them. */
export const LANGUAGES = { en: 'English', de: 'Deutsch', es: 'Español' };
const KEY = 'mien.language';
const HOLE = /\{(\w+)\}/;

let texts = {}; // key → text, or a text for each plural category
let tag = 'en'; // of the numbers and dates: the chosen language, with the browser's country where it has one

/** Returns the language chosen on an earlier visit, or else the first of the browser's that there is. */
export function wanted() {
  const known = [localStorage.getItem(KEY), ...navigator.languages.map(base)].filter((each) => each in LANGUAGES);
  return known[0] ?? Object.keys(LANGUAGES)[0];
}

/** Keeps a choice of the language for later visits. */
export function choose(language) {
  localStorage.setItem(KEY, language);
}

/** Reads the texts of a language, which `t` returns from then on. `read`: (path) → {text}. */
export async function speak(language, read) {
  const found = await read(`console/words.${language}.json`);
  texts = Object.fromEntries(flat(JSON.parse(found.text)));
  tag = navigator.languages.find((each) => base(each) === language) ?? language;
  document.documentElement.lang = language;
}

/** Returns the language of the page. */
export function spoken() {
  return document.documentElement.lang;
}

/**
 * Returns the text of a key in the page's language.
 * `values` fill its {holes}; numbers are formatted, and `count` chooses the plural form.
 */
export function t(key, values = {}) {
  return rich(key, values).join('');
}

/** Tells whether there is a text of this key. */
export function has(key) {
  return key in texts;
}

/** Returns the pieces of a text, for values that are elements: an array of strings and nodes. */
export function rich(key, values = {}) {
  const found = texts[key] ?? key;
  const form = found.other ? (found[new Intl.PluralRules(tag).select(values.count)] ?? found.other) : found;
  return form.split(HOLE).map((piece, i) => {
    if (i % 2 === 0) return piece;
    return typeof values[piece] === 'number' ? number(values[piece], 2) : values[piece];
  });
}

/** Formats a number with at most, or exactly, so many digits behind the point. */
export function number(value, most = 0, least = 0) {
  return new Intl.NumberFormat(tag, { maximumFractionDigits: most, minimumFractionDigits: least }).format(value);
}

/** Formats a number in a unit of Intl, such as 'megabyte'. */
export function measure(value, unit, most = 0, display = 'short') {
  const style = { style: 'unit', unit, unitDisplay: display, maximumFractionDigits: most, minimumFractionDigits: most };
  return new Intl.NumberFormat(tag, style).format(value);
}

/** Formats a share of 100, rounded down, so that none but certainty is 100%. */
export function percent(value) {
  return new Intl.NumberFormat(tag, { style: 'percent' }).format(Math.floor(value) / 100);
}

/** Formats the day of a time in milliseconds. */
export function day(time) {
  return new Intl.DateTimeFormat(tag, { dateStyle: 'medium' }).format(time);
}

/** Formats the day and hour of a time in milliseconds. */
export function when(time) {
  return new Intl.DateTimeFormat(tag, { dateStyle: 'medium', timeStyle: 'short' }).format(time);
}

/** Joins texts to a list: "one, two". */
export function listed(parts) {
  return new Intl.ListFormat(tag, { type: 'unit', style: 'short' }).format(parts);
}

function base(language) {
  return language.split('-')[0];
}

function* flat(group, above = '') {
  for (const [name, value] of Object.entries(group)) {
    const key = above + name;
    if (typeof value === 'string' || 'other' in value) yield [key, value];
    else yield* flat(value, `${key}.`);
  }
}
