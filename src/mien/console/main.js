// Puts the console together: the server, the key, the album, and which page an address shows.

import { Album } from './album.js';
import { Api, KeyRing } from './api.js';
import { TABS, collectionPage, collectionsPage } from './collections.js';
import { comparePage } from './compare.js';
import { fill, h, icon } from './dom.js';
import { takePastes } from './drop.js';
import { jobPage } from './job.js';
import { jobsPage } from './jobs.js';
import { keysPage } from './keylist.js';
import { keyButton, unlocker } from './keys.js';
import { LANGUAGES, choose, speak, spoken, t, wanted } from './language.js';
import { livenessPage } from './liveness.js';
import { lookPage } from './look.js';
import { choice, head, say } from './parts.js';
import { Portraits } from './portraits.js';
import { helpButton, shortcuts } from './shortcuts.js';
import { statusPage } from './status.js';
import { recallTheme, themeButton } from './theme.js';
import { Undo } from './undo.js';

const PAGES = [
  ['look', 'face'],
  ['compare', 'compare'],
  ['collections', 'stack'],
  ['status', 'pulse'],
];
const KEPT = { look: lookPage, compare: comparePage }; // made once, so that coming back finds the photograph
const AT_ONCE = 4; // requests of one page at a time

const keys = new KeyRing(sessionStorage);
const unlock = unlocker(keys, () => {
  drawTools();
  show();
});
const queue = queueOf(AT_ONCE);
const api = new Api(new URL('../', location.href.split('#')[0]), keys, unlock);
const app = {
  keys,
  unlock,
  queue,
  api,
  album: new Album(queue),
  portraits: new Portraits(api),
  undo: new Undo(api),
  jobs: new Map(), // collection → its latest Indexing
  options: { naming: 'file', filter: 'AUTO', most: 0, users: false },
  search: { among: null, threshold: 80 }, // among: 'users' or 'faces', once it was chosen
  film: null, // what the tab Film shows
  about: null, // about.json, once it was read
  learn,
  go,
};
let made = {};
let place; // the collection whose page is open

async function learn() {
  const said = await app.api.read('console/about.json');
  if (said?.ok) app.about = JSON.parse(said.text);
}

function go(address) {
  if (location.hash === address) show();
  else location.hash = address;
}

function show() {
  const [path, query = ''] = location.hash.slice(2).split('?');
  const [name = '', collection, tab = 'people'] = path.split('/').map(decodeURIComponent);
  if (collection !== place) app.undo.leave();
  place = collection;
  const main = document.getElementById('main');
  fill(main, pageAt(name || 'look', collection, tab, new URLSearchParams(query)));
  drawNav(name || 'look');
  document.title = `${main.querySelector('h1')?.textContent ?? 'mien'} · mien`;
  window.scrollTo(0, 0);
}

function pageAt(name, collection, tab, query) {
  if (name in KEPT) return (made[name] ??= KEPT[name](app));
  if (name === 'collections' && !collection) return collectionsPage(app);
  if (name === 'collections' && tab in TABS)
    return collectionPage(app, collection, tab, query);
  if (name === 'status') return statusPage(app);
  if (name === 'keys') return keysPage(app);
  if (name === 'liveness') return livenessPage(app);
  if (name === 'jobs') return collection ? jobPage(app, collection, query) : jobsPage(app);
  return h(
    'div',
    { class: 'stack page' },
    head(t('frame.no_page'), t('frame.no_page_why')),
    h('p', {}, h('a', { class: 'button main', href: '#/look', text: t('frame.to_start') })),
  );
}

function drawNav(current) {
  const links = PAGES.map(([name, drawing]) =>
    h(
      'li',
      {},
      h(
        'a',
        { href: `#/${name}`, 'aria-current': name === current ? 'page' : null },
        icon(drawing),
        h('span', { text: t(`frame.${name}`) }),
      ),
    ),
  );
  fill(document.getElementById('nav'), h('ul', {}, links));
}

function drawTools() {
  fill(
    document.getElementById('tools'),
    keyButton(app, () => {
      drawTools();
      show();
    }),
    themeButton(drawTools),
    helpButton(),
    languageChoice(),
  );
}

function languageChoice() {
  const made = choice(Object.entries(LANGUAGES), spoken(), async (language) => {
    choose(language);
    await translate();
    show();
  });
  made.setAttribute('aria-label', t('frame.language'));
  return made;
}

/** Puts the frame into the wanted language, and forgets the pages that were made in another. */
async function translate() {
  await speak(wanted(), (path) => app.api.read(path));
  for (const each of document.querySelectorAll('[data-text]')) each.textContent = t(each.dataset.text);
  for (const each of document.querySelectorAll('[data-name]')) each.setAttribute('aria-label', t(each.dataset.name));
  made = {};
  app.film?.end();
  app.film = null;
  drawTools();
}

/** Returns a function that runs pieces of work in their order, `most` at a time. */
function queueOf(most) {
  const waiting = [];
  let running = 0;
  const next = () => {
    while (running < most && waiting.length) {
      const { work, resolve, reject } = waiting.shift();
      running++;
      work()
        .then(resolve, reject)
        .finally(() => {
          running--;
          next();
        });
    }
  };
  return (work) =>
    new Promise((resolve, reject) => {
      waiting.push({ work, resolve, reject });
      next();
    });
}

async function start() {
  await Promise.all([learn(), translate()]);
  drawTools();
  show();
  const focusMain = () => document.getElementById('main').focus({ preventScroll: true });
  addEventListener('hashchange', () => {
    show();
    focusMain();
  });
  document.querySelector('.skip').addEventListener('click', (event) => {
    event.preventDefault(); // what is behind the # names a page
    focusMain();
  });
  addEventListener('beforeunload', (event) => {
    if ([...app.jobs.values()].some((job) => !job.isIdle)) event.preventDefault();
  });
  // a file dropped beside a zone would otherwise replace the page
  for (const name of ['dragover', 'drop']) addEventListener(name, (event) => event.preventDefault());
  takePastes();
  shortcuts(
    PAGES.map(([name]) => name),
    go,
  );
  if (!app.about) say(t('frame.undescribed'), 'bad');
  if (app.about?.access === 'keys' && !keys.current) unlock();
}

recallTheme();
start();
