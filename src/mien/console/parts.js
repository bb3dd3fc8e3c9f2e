// What pages are put together from: buttons, notes, dialogs, a place to drop pictures, pages of a listing.

import { fill, h, icon } from './dom.js';
import { sentence } from './words.js';

/** A button. `kind`: '', 'main', 'plain' or 'bad'. */
export function button(label, kind, act, drawing = null, props = {}) {
  const inside = [drawing && icon(drawing), h('span', { text: label })];
  return h('button', { type: 'button', class: `button ${kind}`, on: { click: act }, ...props }, inside);
}

/** A button of a drawing alone, with its name for screen readers and as a tooltip. */
export function iconButton(name, drawing, act, props = {}) {
  return h(
    'button',
    { type: 'button', class: 'button plain only', title: name, 'aria-label': name, on: { click: act }, ...props },
    icon(drawing),
  );
}

/** A page's heading with a sentence under it and, at its side, what can be done. */
export function head(title, lead, ...actions) {
  const words = h('div', {}, h('h1', { text: title }), lead && h('p', { class: 'quiet' }, lead));
  return h('div', { class: 'head' }, words, actions.some(Boolean) && h('div', { class: 'row' }, actions));
}

/** What stands where there is nothing yet. */
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

/** A note on the page: 'warn', 'bad' or 'plain'. */
export function note(kind, text) {
  return h(
    'p',
    { class: `note ${kind}`, role: kind === 'bad' ? 'alert' : null },
    kind !== 'plain' && icon('warn'),
    h('span', { text }),
  );
}

/** A note that says what went wrong. */
export function failure(error) {
  if (!error.code && !(error instanceof Error && error.message)) throw error;
  return note('bad', sentence(error));
}

/** Something turning while the server works. */
export function working(text) {
  return h('p', { class: 'working', role: 'status' }, h('span', { class: 'spinner', 'aria-hidden': 'true' }), text);
}

/** Say something in passing, on the screen and to screen readers. */
export function say(text, kind = 'plain') {
  document.getElementById('said').textContent = text;
  const shown = h('div', { class: `toast ${kind}` }, text);
  document.getElementById('toasts').append(shown);
  setTimeout(() => shown.remove(), kind === 'bad' ? 9000 : 4500);
}

/** Run `work`; say what went wrong, if anything did. */
export async function attempt(work) {
  try {
    return await work();
  } catch (error) {
    if (error.name !== 'AbortError') say(sentence(error), 'bad');
    return undefined;
  }
}

/** A labelled control. `hint` stands below it. */
export function field(label, control, hint = '') {
  const told = hint && h('span', { class: 'hint', text: hint });
  return h('label', { class: 'field' }, h('span', { text: label }), control, told);
}

/** A choice among `options`: pairs of value and text. */
export function choice(options, value, change) {
  const made = options.map(([each, text]) => h('option', { value: each, text, selected: each === value }));
  return h('select', { on: { change: (event) => change?.(event.target.value) } }, made);
}

/**
 * Ask in a dialog. `body`: nodes; `ok`: what the button says; `done`: called when it is pressed, may be async, and an
 * error it throws is shown in the dialog, which then stays. Resolves true once done, false when it was given up.
 */
export function ask(title, body, ok, done = null, kind = 'main') {
  return new Promise((resolve) => {
    const wrong = h('div');
    const submit = h('button', { class: `button ${kind}`, text: ok });
    const cancel = done && button('Cancel', '', () => dialog.close());
    const form = h(
      'form',
      { class: 'stack' },
      h('h2', { id: 'asked', text: title }),
      body,
      wrong,
      h('div', { class: 'row end' }, cancel, submit),
    );
    const dialog = h('dialog', { class: 'dialog', 'aria-labelledby': 'asked' }, form);
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

/** Show something in a dialog that only has to be closed again. */
export function tell(title, body) {
  return ask(title, body, 'Close');
}

/** Ask before something is deleted; where `word` is given it must be typed first. */
export function confirm(title, text, ok, done, word = '') {
  const typed = h('input', {
    type: 'text',
    autocomplete: 'off',
    spellcheck: false,
    required: true,
    pattern: word.replace(/[.]/g, '\\.'),
  });
  return ask(title, [h('p', { text }), word && field(`Type ${word} to go on`, typed)], ok, done, 'bad');
}

/**
 * The pages of a listing. `read`: (token) → {items, next}; `show`: (items) → nodes; `none`: nodes where it is empty.
 * Gives the element and `reload`.
 */
export function pages(read, show, none) {
  const tokens = [undefined]; // of the pages up to this one
  let next;
  let busy = false;
  const content = h('div', { class: 'stack' });
  const back = button('Previous', '', () => turn(() => tokens.pop()), 'previous', { 'data-key': '[' });
  const on = button('Next', '', () => turn(() => tokens.push(next)), 'next', { 'data-key': ']' });
  const where = h('span', { class: 'quiet', role: 'status' });
  const bar = h('nav', { class: 'row pager', 'aria-label': 'Pages of the list', hidden: true }, back, where, on);
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
      fill(content, found.items.length ? show(found.items) : none());
      bar.hidden = !next && tokens.length === 1;
      back.disabled = tokens.length === 1;
      on.disabled = !next;
      where.textContent = `Page ${tokens.length}`;
    } catch (error) {
      fill(content, failure(error));
    }
    busy = false;
    element.removeAttribute('aria-busy');
  }

  turn();
  return { element, reload: () => turn() };
}
