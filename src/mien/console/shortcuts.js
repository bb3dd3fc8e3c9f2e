// Keyboard shortcuts, and the dialog that lists them.

import { h } from './dom.js';
import { button, tell } from './parts.js';

const KEYS = [
  ['1 2 3 4', 'Look, Compare, Collections, Status'],
  ['o', 'choose a photograph'],
  ['Ctrl V', 'paste a photograph (⌘ V on a Mac)'],
  ['← →', 'next and previous face, once one is chosen'],
  ['[ ]', 'previous and next page of a list'],
  ['n', 'new collection'],
  ['/', 'name of a new user'],
  ['t', 'light or dark'],
  ['Esc', 'close a dialog'],
  ['?', 'this help'],
];

/** Makes the button that opens the help. */
export function helpButton() {
  return button('Keyboard', '', help, 'keyboard', { 'data-key': '?' });
}

function help() {
  const keys = (text) => text.split(' ').map((each) => h('kbd', { text: each }));
  tell(
    'Keyboard',
    h(
      'dl',
      { class: 'keys' },
      KEYS.map(([text, does]) => [h('dt', {}, keys(text)), h('dd', { text: does })]),
    ),
  );
}

/** Listens for keys: a number opens a page; any other key clicks or focuses the element with it as `data-key`. */
export function shortcuts(pages, go) {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
    if (event.target.closest('input:not([type=checkbox]), select, textarea')) return;
    const page = pages[Number(event.key) - 1];
    const bearer = document.querySelector(`[data-key="${CSS.escape(event.key)}"]:not(:disabled)`);
    if (page) go(`#/${page}`);
    else if (bearer instanceof HTMLInputElement) bearer.focus();
    else if (bearer) bearer.click();
    else return;
    event.preventDefault();
  });
}
