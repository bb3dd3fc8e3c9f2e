// Names of folders in which computers, drives and photo programs keep what is theirs, as `transfer/walking.py` has them.

/** Folders by their whole names, in lower case. */
export const FOLDERS = [
  '@eadir',
  '@tmp',
  '@recycle',
  '@recently-snapshot',
  '#recycle',
  '#snapshot',
  '$recycle.bin',
  'recycler',
  'system volume information',
  '__macosx',
  'lost+found',
  'thumbnails.db',
  '_gsdata_',
  'resource.frk',
];

/** Folders by the ends of their names: previews of Lightroom and Capture One. */
export const SUFFIXES = ['.lrdata', '.cocatalog', '.cosessiondb'];

/** Tells whether a file is left out: hidden, or in a folder like these. `folder`: its path from the one that was given. */
export function isLeftOut(name, folder) {
  const [, ...below] = folder.split('/'); // the folder that was given is meant, whatever it is called
  return name.startsWith('.') || below.some(isSystems);
}

function isSystems(folder) {
  const name = folder.toLowerCase();
  return name.startsWith('.') || FOLDERS.includes(name) || SUFFIXES.some((suffix) => name.endsWith(suffix));
}
