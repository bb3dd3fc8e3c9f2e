// The access key that signs requests: asked for where the server requires one, and kept for as long as the user wants.

import { h } from './dom.js';
import { ask, button, field, note, say } from './parts.js';
import { isNative } from './sha256.js';
import { sentence } from './words.js';

/** Returns a function that asks for a key; calls made meanwhile wait for the same answer. */
export function unlocker(keys, changed) {
  let asking = null;
  return (error = null) => {
    asking ??= askForKey(keys, error).then((given) => {
      asking = null;
      if (given) changed();
      return given;
    });
    return asking;
  };
}

function askForKey(keys, error) {
  const text = { type: 'text', required: true, autocomplete: 'off', spellcheck: false };
  const id = h('input', { ...text, pattern: '\\S+', value: keys.current?.id ?? '' });
  const secret = h('input', { ...text, type: 'password', autocomplete: 'new-password' });
  const region = h('input', { ...text, pattern: '[a-z0-9\\-]+', value: keys.current?.region ?? 'us-east-1' });
  const keep = h('input', { type: 'checkbox' });
  const why = error && error.code !== 'MissingAuthenticationTokenException' ? note('bad', sentence(error)) : null;
  const open = isNative
    ? null
    : note(
        'warn',
        'This page was loaded over plain http. The secret is never sent, but photographs and answers can be read on the way. Put the server behind https.',
      );
  const body = [
    h(
      'p',
      { class: 'quiet' },
      'This server takes only signed requests. ',
      h('code', { text: 'mien keys create' }),
      ' creates a key. The secret stays in this page, which signs with it, and is never sent.',
    ),
    why,
    open,
    field('Access key', id),
    field('Secret', secret),
    h('label', { class: 'check' }, keep, 'Keep it until this tab is closed'),
    h(
      'details',
      {},
      h('summary', { text: 'Region' }),
      field('Region to sign for', region, 'Any region; it appears in ARNs.'),
    ),
  ];
  return ask('Access key', body, 'Use this key', () =>
    keys.use({ id: id.value.trim(), secret: secret.value.trim(), region: region.value }, keep.checked),
  );
}

/** Makes the frame's button: the key in use, and how to forget it. There is none where the server requires no key. */
export function keyButton(app, changed) {
  if (app.about?.access === 'open' && !app.keys.current) return null;
  const { current } = app.keys;
  if (!current) return button('Use a key', '', () => app.unlock(), 'key');
  const forget = () => {
    app.keys.forget();
    say('The key is forgotten.');
    changed();
  };
  return button(`Forget ${current.id.slice(0, 4)}…${current.id.slice(-4)}`, '', forget, 'key');
}
