// Parts that pages share: buttons, notes, dialogs, fields, pages of a listing.

import { fill, h, icon } from './dom.js';
import { t } from './language.js';
import { sentence } from './words.js';

const GAP = 8; // pixels between messages and the bar below them

/** Makes a button. `kind`: '', 'main', 'plain' or 'bad'. */
export function button(label, kind, act, drawing = null, props = {}) {
  const inside = [drawing && icon(drawing), h('span', { text: label })];
  return h('button', { type: 'button', class: `button ${kind}`, on: { click: act }, ...props }, inside);
}

/** Makes a button with an icon alone; its name is the tooltip and is read by screen readers. */
export function iconButton(name, drawing, act, props = {}) {
  return h(
    'button',
    { type: 'button', class: 'button plain only', title: name, 'aria-label': name, on: { click: act }, ...props },
    icon(drawing),
  );
}

/** Makes a page's heading with a sentence under it and its actions beside it. */
export function head(title, lead, ...actions) {
  const words = h('div', {}, h('h1', { text: title }), lead && h('p', { class: 'quiet' }, lead));
  return h('div', { class: 'head' }, words, actions.some(Boolean) && h('div', { class: 'row' }, actions));
}

/** Makes the note shown in place of an empty list. */
export function empty(drawing, title, text, ...actions) {
  return h(
    'div',
    { class: 'empty' },
    icon(drawing),
    h('h2', { text: title }),
    h('p', { class: 'quiet', text }),
    actions,
  );
}

/** Makes a note on the page: 'warn', 'bad' or 'plain'. `text`: a text, or pieces of one. */
export function note(kind, text) {
  return h(
    'p',
    { class: `note ${kind}`, role: kind === 'bad' ? 'alert' : null },
    kind !== 'plain' && icon('warn'),
    h('span', {}, text),
  );
}

/** Makes a note that explains an error. */
export function failure(error) {
  if (!error.code && !(error instanceof Error && error.message)) throw error;
  return note('bad', sentence(error));
}

/** Makes a spinner with a text. */
export function working(text) {
  return h('p', { class: 'working', role: 'status' }, h('span', { class: 'spinner', 'aria-hidden': 'true' }), text);
}

/** Shows a short message for some seconds, also to screen readers. */
export function say(text, kind = 'plain') {
  document.getElementById('said').textContent = text;
  const shown = h('div', { class: `toast ${kind}` }, text);
  const toasts = document.getElementById('toasts');
  toasts.append(shown);
  if (toasts.childElementCount === 1) keepClear(toasts);
  setTimeout(() => shown.remove(), kind === 'bad' ? 9000 : 4500);
}

/** Keeps messages above the bar to undo a change, wherever a page ends, as long as there are any. */
function keepClear(toasts) {
  toasts.style.bottom = '';
  const bar = document.querySelector('.undo:not([hidden])')?.getBoundingClientRect();
  const at = toasts.getBoundingClientRect();
  if (bar && at.bottom > bar.top - GAP && at.top < bar.bottom + GAP)
    toasts.style.bottom = `${innerHeight - bar.top + GAP}px`;
  if (toasts.childElementCount) requestAnimationFrame(() => keepClear(toasts));
}

/** Runs `work`, and shows a message if it fails. */
export async function attempt(work) {
  try {
    return await work();
  } catch (error) {
    if (error.name !== 'AbortError') say(sentence(error), 'bad');
    return undefined;
  }
}

/** Makes a labelled control, with `hint` below it. */
export function field(label, control, hint = '') {
  const told = hint && h('span', { class: 'hint', text: hint });
  return h('label', { class: 'field' }, h('span', { text: label }), control, told);
}

/** Makes a choice among `options`: pairs of value and text. */
export function choice(options, value, change) {
  const made = options.map(([each, text]) => h('option', { value: each, text, selected: each === value }));
  return h('select', { on: { change: (event) => change?.(event.target.value) } }, made);
}

let dialogs = 0; // for the ids of their titles

/**
 * Asks in a dialog. `body`: nodes; `ok`: the button's label; `done`: called when it is pressed, may be async. An error
 * that it throws is shown in the dialog, which stays open. Resolves to true once done, to false when cancelled.
 */
export function ask(title, body, ok, done = null, kind = 'main') {
  return new Promise((resolve) => {
    const wrong = h('div');
    const id = `asked-${++dialogs}`;
    const submit = h('button', { class: `button ${kind}`, text: ok });
    const cancel = done && button(t('parts.cancel'), '', () => dialog.close());
    const form = h(
      'form',
      { class: 'stack' },
      h('h2', { id, text: title }),
      body,
      wrong,
      h('div', { class: 'row end' }, cancel, submit),
    );
    const dialog = h('dialog', { class: 'dialog', 'aria-labelledby': id }, form);
    let succeeded = false;
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      submit.disabled = true;
      try {
        await done?.();
        succeeded = true;
        dialog.close();
      } catch (error) {
        fill(wrong, failure(error));
      }
      submit.disabled = false;
    });
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(succeeded);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Shows something in a dialog with only a button to close it. */
export function tell(title, body, ok = t('parts.close')) {
  return ask(title, body, ok);
}

/** Asks before something is deleted; where `word` is given, it must be typed first. */
export function confirm(title, text, ok, done, word = '') {
  const typed = h('input', {
    type: 'text',
    autocomplete: 'off',
    spellcheck: false,
    required: true,
    pattern: word.replace(/[.]/g, '\\.'),
  });
  return ask(title, [h('p', { text }), word && field(t('parts.type', { word }), typed)], ok, done, 'bad');
}

/**
 * Makes the pages of a listing. `read`: (token) → {items, next}; `show`: (items) → nodes; `none`: () → nodes
 * for an empty one. Returns the element and `reload`.
 */
export function pages(read, show, none) {
  const tokens = [undefined]; // of the pages up to this one
  let next;
  let busy = false;
  const content = h('div', { class: 'stack' });
  const back = button(t('parts.previous'), '', () => turn(() => tokens.pop()), 'previous', { 'data-key': '[' });
  const on = button(t('parts.next'), '', () => turn(() => tokens.push(next)), 'next', { 'data-key': ']' });
  const where = h('span', { class: 'quiet', role: 'status' });
  const bar = h('nav', { class: 'row pager', 'aria-label': t('parts.list_pages'), hidden: true }, back, where, on);
  const element = h('div', { class: 'stack' }, content, bar);

  async function turn(move = () => {}) {
    if (busy) return;
    busy = true;
    element.setAttribute('aria-busy', 'true');
    move();
    try {
      let found = await read(tokens.at(-1));
      while (!found.items.length && tokens.length > 1) {
        // the last of this page was deleted
        tokens.pop();
        found = await read(tokens.at(-1));
      }
      next = found.next;
      const shown = found.items.length ? show(found.items) : none();
      if (content.firstChild !== shown) fill(content, shown); // what has the focus in it keeps it
      bar.hidden = !next && tokens.length === 1;
      back.disabled = tokens.length === 1;
      on.disabled = !next;
      where.textContent = t('parts.list_page', { number: tokens.length });
    } catch (error) {
      fill(content, failure(error));
    }
    busy = false;
    element.removeAttribute('aria-busy');
  }

  turn();
  return { element, reload: () => turn() };
}
