// The theme: light, dark, or the system's.

import { t } from './language.js';
import { button } from './parts.js';

const ROOT = document.documentElement;
const KEY = 'mien.theme';

/** Applies the theme chosen on an earlier visit. */
export function recallTheme() {
  const chosen = localStorage.getItem(KEY);
  if (chosen) ROOT.dataset.theme = chosen;
}

/** Makes the button that switches between light and dark; `changed` redraws it. */
export function themeButton(changed) {
  const isDark = ROOT.dataset.theme
    ? ROOT.dataset.theme === 'dark'
    : matchMedia('(prefers-color-scheme: dark)').matches;
  const other = isDark ? 'light' : 'dark';
  return button(
    t(`frame.${other}`),
    '',
    () => {
      ROOT.dataset.theme = other;
      localStorage.setItem(KEY, other);
      changed();
    },
    isDark ? 'sun' : 'moon',
    { 'data-key': 't', title: t(`frame.to_${other}`) },
  );
}
