// The access key that signs requests: asked for where the server requires one, and kept for as long as the user wants.

import { h } from './dom.js';
import { rich, t } from './language.js';
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
  const open = isNative ? null : note('warn', t('key.plain_http'));
  const body = [
    h('p', { class: 'quiet' }, rich('key.signed_only', { command: h('code', { text: 'mien keys create' }) })),
    why,
    open,
    field(t('key.id'), id),
    field(t('key.secret'), secret),
    h('label', { class: 'check' }, keep, t('key.keep')),
    h(
      'details',
      {},
      h('summary', { text: t('key.region') }),
      field(t('key.region_for'), region, t('key.region_hint')),
    ),
  ];
  return ask(t('key.title'), body, t('key.use'), () =>
    keys.use({ id: id.value.trim(), secret: secret.value.trim(), region: region.value }, keep.checked),
  );
}

/** Makes the frame's button: the key in use, and how to forget it. There is none where the server requires no key. */
export function keyButton(app, changed) {
  if (app.about?.access === 'open' && !app.keys.current) return null;
  const { current } = app.keys;
  if (!current) return button(t('key.use_one'), '', () => app.unlock(), 'key');
  const forget = () => {
    app.keys.forget();
    say(t('key.forgotten'));
    changed();
  };
  const short = `${current.id.slice(0, 4)}…${current.id.slice(-4)}`;
  return button(t('key.forget', { key: short }), '', forget, 'key');
}
