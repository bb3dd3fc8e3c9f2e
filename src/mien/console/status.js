// The page Status: the server's health, model pack and licence, engine, store, requests and errors.

import { fill, h, icon } from './dom.js';
import { number, t } from './language.js';
import { head, note, working } from './parts.js';
import { requests, samples, sum } from './metrics.js';
import { bytes } from './words.js';

const EVERY = 5000; // milliseconds between two refreshes

/** Makes the page; it refreshes while it is shown. */
export function statusPage(app) {
  const body = h('div', { class: 'stack' }, working(t('status.asking')));
  const page = h('div', { class: 'stack page' }, head(t('status.title'), t('status.lead')), body);
  async function look() {
    const [alive, ready, metrics] = await Promise.all(
      ['healthz', 'readyz', 'metrics'].map((path) => app.api.read(path)),
    );
    if (alive) await app.learn();
    fill(body, ...parts(app.about, alive, ready, metrics));
    setTimeout(() => {
      if (page.isConnected && !document.hidden) look();
      else resume();
    }, EVERY);
  }
  function resume() {
    // no requests for a page that is hidden or was left; it refreshes when it is shown again
    const again = setInterval(() => {
      if (!page.isConnected) return clearInterval(again);
      if (!document.hidden) {
        clearInterval(again);
        look();
      }
      return undefined;
    }, 1000);
  }
  look();
  return page;
}

function parts(about, alive, ready, metrics) {
  if (!alive) return [note('bad', t('error.Unreachable'))];
  const found = metrics?.ok ? samples(metrics.text) : null;
  const gallery = found && sum(found, /gallery.*bytes$/);
  const memory = found && sum(found, /resident_memory_bytes$/);
  const cards = [
    card(t('status.server'), [
      [t('status.alive'), light(alive.ok, t('status.yes'), t('status.no'))],
      ...(ready && ready.status !== 403
        ? [[t('status.ready'), light(ready.ok, t('status.yes'), reason(ready.text))], concerns(ready.text)]
        : []),
      about && [t('status.version'), `mien ${about.version}`],
      about && [
        t('status.access'),
        [
          h('span', { text: t(about.access === 'keys' ? 'status.access_keys' : 'status.access_open') }),
          h('br'),
          h('a', { href: '#/keys', text: t('status.keys') }),
        ],
      ],
      memory && [t('status.memory'), bytes(memory)],
      gallery !== null && [t('status.galleries'), t('status.in_memory', { size: bytes(gallery) })],
    ]),
    about &&
      card(t('status.pack'), [
        [t('status.name'), about.pack.name],
        [t('status.networks'), about.pack.title],
        [
          t('status.licence'),
          h('a', { href: about.pack.license_address, rel: 'noreferrer', target: '_blank', text: about.pack.license }),
        ],
        [
          t('status.use'),
          about.pack.commercial
            ? light(true, t('status.commercial'))
            : h('span', { class: 'state warn' }, icon('warn'), t('status.non_commercial')),
        ],
        [t('status.model_version'), about.pack.model_version],
        about.minimum_similarity > 0 && [
          t('status.least'),
          t('status.least_is', { similarity: about.minimum_similarity }),
        ],
      ]),
    about &&
      card(t('status.engine_and_store'), [
        [t('status.engine'), `${about.engine.name} ${about.engine.version}`],
        [t('status.precision'), about.engine.precision],
        [t('status.store'), about.store],
      ]),
  ];
  return [h('div', { class: 'columns' }, cards.filter(Boolean)), traffic(found, metrics)];
}

function card(title, rows) {
  const list = rows.filter(Boolean).map(([name, value]) => [h('dt', { text: name }), h('dd', {}, value)]);
  return h('section', { class: 'card stack' }, h('h2', { text: title }), h('dl', { class: 'facts' }, list));
}

/** Returns a row with what the server says should be looked at, and since when. */
function concerns(text) {
  try {
    const { degraded = [] } = JSON.parse(text);
    const told = degraded.map(({ what, since }) => h('div', {}, `${what} (${new Date(since).toLocaleString()})`));
    return (
      degraded.length && [t('status.look_at'), h('span', { class: 'state warn' }, icon('warn'), h('div', {}, told))]
    );
  } catch {
    return null;
  }
}

/** Returns the server's own reason for not being ready. */
function reason(text) {
  try {
    return JSON.parse(text).reason ?? t('status.no');
  } catch {
    return t('status.no');
  }
}

function light(ok, yes, no = '') {
  return h('span', { class: `state ${ok ? 'good' : 'bad'}` }, icon(ok ? 'check' : 'warn'), ok ? yes : no);
}

function traffic(found, metrics) {
  const title = h('h2', { text: t('status.traffic') });
  if (!found) {
    const why =
      metrics && ![403, 404].includes(metrics.status)
        ? t('status.answered', { path: '/metrics', status: String(metrics.status) })
        : t('status.hidden');
    return h('section', { class: 'card stack' }, title, h('p', { class: 'quiet', text: why }));
  }
  const rows = requests(found);
  if (!rows.length)
    return h('section', { class: 'card stack' }, title, h('p', { class: 'quiet', text: t('status.no_requests') }));
  const lines = rows.map(({ operation, requests: asked, errors }) => {
    const told = Object.entries(errors)
      .map(([code, times]) => `${number(times)} × ${code}`)
      .join(', ');
    return h(
      'tr',
      {},
      h('th', { scope: 'row', text: operation }),
      h('td', { class: 'number', text: number(asked) }),
      h('td', { class: told ? 'bad' : 'quiet', text: told || t('status.none') }),
    );
  });
  const table = h(
    'table',
    {},
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        ['operation', 'requests', 'errors'].map((each) => h('th', { scope: 'col', text: t(`status.${each}`) })),
      ),
    ),
    h('tbody', {}, lines),
  );
  return h(
    'section',
    { class: 'card stack' },
    title,
    h('div', { class: 'scroll', tabIndex: 0, role: 'region', 'aria-label': t('status.traffic') }, table),
  );
}
