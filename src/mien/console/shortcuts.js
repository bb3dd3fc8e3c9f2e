// Keyboard shortcuts, and the dialog that lists them.

import { h } from './dom.js';
import { t } from './language.js';
import { button, tell } from './parts.js';

const NAMED = ['control', 'escape'];
const KEYS = [
  [['1', '2', '3', '4'], 'pages'],
  [['o'], 'choose'],
  [['control', 'V'], 'paste'],
  [['←', '→'], 'faces'],
  [['[', ']'], 'list'],
  [['n'], 'collection'],
  [['/'], 'person'],
  [['u'], 'undo'],
  [['t'], 'theme'],
  [['escape'], 'close'],
  [['?'], 'help'],
];

/** Makes the button that opens the help. */
export function helpButton() {
  return button(t('keyboard.title'), '', help, 'keyboard', { 'data-key': '?' });
}

function help() {
  const named = (key) => (NAMED.includes(key) ? t(`keyboard.${key}`) : key);
  const keys = (all) => all.map((each) => h('kbd', { text: named(each) }));
  tell(
    t('keyboard.title'),
    h(
      'dl',
      { class: 'keys' },
      KEYS.map(([all, does]) => [h('dt', {}, keys(all)), h('dd', { text: t(`keyboard.${does}`) })]),
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
