// Light, dark, or as the system has it.

import { button } from './parts.js';

const ROOT = document.documentElement;
const KEY = 'mien.theme';

/** Take up what was chosen on an earlier visit. */
export function recallTheme() {
  const chosen = localStorage.getItem(KEY);
  if (chosen) ROOT.dataset.theme = chosen;
}

/** The button that changes between light and dark; `changed` draws it anew. */
export function themeButton(changed) {
  const isDark = ROOT.dataset.theme
    ? ROOT.dataset.theme === 'dark'
    : matchMedia('(prefers-color-scheme: dark)').matches;
  const other = isDark ? 'light' : 'dark';
  return button(
    isDark ? 'Light' : 'Dark',
    '',
    () => {
      ROOT.dataset.theme = other;
      localStorage.setItem(KEY, other);
      changed();
    },
    isDark ? 'sun' : 'moon',
    { 'data-key': 't', title: `Change to ${other}` },
  );
}
