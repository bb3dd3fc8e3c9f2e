// The page Keys: lists the access keys, makes new ones, whose secret is shown once, and revokes others.

import { h } from './dom.js';
import { day, listed, t } from './language.js';
import { ask, button, choice, confirm, empty, field, head, pages, say, tell } from './parts.js';

const DAY = 86_400; // seconds
const LASTS = [
  ['0', 'keys.never_ends'],
  ['30', 'keys.ends_30'],
  ['90', 'keys.ends_90'],
  ['365', 'keys.ends_365'],
];

/** Makes the page. */
export function keysPage(app) {
  const make = () => create(app, list.reload);
  const read = async (token) => {
    if (app.about?.access === 'open') return { items: [] };
    const found = await app.api.call('Mien.ListKeys', { MaxResults: 48, NextToken: token }).catch((error) => {
      if (error.code !== 'AccessDeniedException') throw error;
      refused = true;
      return { Keys: [] };
    });
    return { items: found.Keys, next: found.NextToken };
  };
  let refused = false;
  const none = () =>
    refused
      ? empty('key', t('keys.refused'), t('keys.refused_why'))
      : empty('key', t('keys.none'), t('keys.none_why'), h('code', { text: 'mien keys create --name admin' }));
  const rows = (keys) =>
    h(
      'ul',
      { class: 'rows' },
      keys.map((key) => row(app, key, list.reload)),
    );
  const list = pages(read, rows, none);
  const add = app.about?.access !== 'open' && button(t('keys.new'), 'main', make, 'plus', { 'data-key': 'n' });
  return h('div', { class: 'stack page' }, head(t('keys.title'), t('keys.lead'), add), list.element);
}

function row(app, key, changed) {
  const own = app.keys.current?.id === key.AccessKeyId;
  const ended = key.ExpiresAt && key.ExpiresAt * 1000 <= Date.now();
  const state = key.RevokedAt ? 'keys.revoked' : ended ? 'keys.expired' : own ? 'keys.own' : null;
  const used = key.LastUsedAt ? t('keys.used', { day: day(1000 * key.LastUsedAt) }) : t('keys.unused');
  const made = t('keys.made', { day: day(1000 * key.CreatedAt) });
  const words = h(
    'div',
    { class: 'grow' },
    h('strong', { class: 'clip', text: key.Name }),
    state && h('span', { class: `chip ${own ? '' : 'warn'}`, text: t(state) }),
    h('p', { class: 'quiet mono', text: key.AccessKeyId }),
    h('p', { class: 'small', text: limits(key) }),
    h('p', { class: 'quiet small', text: `${made} · ${used}` }),
  );
  const end = button(t('keys.revoke'), 'bad', () => revoke(app, key.Name, changed), null, {
    'aria-label': t('keys.revoke_it', { name: key.Name }),
  });
  return h('li', {}, words, !key.RevokedAt && !own && end);
}

/** Puts what a key may do into words. */
function limits({ Operations, Collections, Buckets, Rate, ExpiresAt }) {
  const whole = (patterns) => patterns.includes('*');
  return listed(
    [
      whole(Operations) ? t('keys.every_operation') : listed(Operations),
      whole(Collections)
        ? t('keys.every_collection')
        : t('keys.collections', { count: Collections.length, names: listed(Collections) }),
      !Buckets.length && t('keys.no_bucket'),
      Buckets.length > 0 && !whole(Buckets) && t('keys.buckets', { count: Buckets.length, names: listed(Buckets) }),
      Rate && t('keys.rate_is', { count: Rate }),
      ExpiresAt && t('keys.until', { day: day(1000 * ExpiresAt) }),
    ].filter(Boolean),
  );
}

async function create(app, changed) {
  const text = { type: 'text', autocomplete: 'off', spellcheck: false };
  const name = h('input', { ...text, required: true, maxLength: 64, pattern: '[A-Za-z0-9_.@+=\\-]+' });
  const operations = h('input', { ...text, required: true, value: '*' });
  const collections = h('input', { ...text, required: true, value: '*' });
  const rate = h('input', { type: 'number', min: 0.001, max: 1_000_000, step: 'any' });
  let days = 0;
  const lasts = choice(
    LASTS.map(([value, key]) => [value, t(key)]),
    '0',
    (value) => {
      days = Number(value);
    },
  );
  const body = [
    field(t('keys.name'), name, t('keys.name_hint')),
    field(t('keys.operations'), operations, t('keys.operations_hint')),
    field(t('keys.of_collections'), collections, t('keys.collections_hint')),
    field(t('keys.rate'), rate, t('keys.rate_hint')),
    field(t('keys.ends'), lasts),
  ];
  let made;
  await ask(t('keys.new'), body, t('keys.create'), async () => {
    made = await app.api
      .call('Mien.CreateKey', {
        Name: name.value,
        Operations: patterns(operations.value),
        Collections: patterns(collections.value),
        Rate: rate.value ? Number(rate.value) : undefined,
        ExpiresAt: days ? Math.floor(Date.now() / 1000) + days * DAY : undefined,
      })
      .catch((error) => {
        throw error.code === 'ConflictException' ? new Error(t('keys.taken', { name: name.value })) : error;
      });
  });
  if (!made) return;
  await show(made);
  made = null; // the secret is not kept anywhere
  await changed();
}

function patterns(value) {
  const parts = value
    .split(',')
    .map((each) => each.trim())
    .filter(Boolean);
  return parts.includes('*') ? undefined : parts;
}

/** Shows a new key and its secret, which the server does not tell again. */
function show({ Key, SecretAccessKey }) {
  const told = h('p', { class: 'quiet small', role: 'status' });
  const shown = (label, value) => {
    const text = h('input', { type: 'text', readOnly: true, value, class: 'mono', spellcheck: false });
    const copy = button(t('keys.copy'), '', async () => {
      await copied(text);
      told.textContent = t('keys.copied', { what: label });
    });
    copy.setAttribute('aria-label', t('keys.copy_it', { what: label }));
    return h('div', { class: 'row bottom' }, h('div', { class: 'grow' }, field(label, text)), copy);
  };
  const done = tell(
    t('keys.made_title', { name: Key.Name }),
    [
      h('p', { text: t('keys.once') }),
      shown(t('key.id'), Key.AccessKeyId),
      shown(t('key.secret'), SecretAccessKey),
      told,
    ],
    t('keys.kept'),
  );
  // Escape would close it too easily
  document.querySelector('dialog[open]').addEventListener('cancel', (event) => event.preventDefault());
  return done;
}

async function copied(input) {
  try {
    await navigator.clipboard.writeText(input.value);
  } catch {
    input.select(); // over plain http there is no clipboard to write to
    document.execCommand('copy');
  }
}

async function revoke(app, name, changed) {
  const done = await confirm(t('keys.revoke_title', { name }), t('keys.revoke_why'), t('keys.revoke'), () =>
    app.api.call('Mien.RevokeKey', { Name: name }),
  );
  if (!done) return;
  say(t('keys.was_revoked', { name }));
  await changed();
}
