// A drop zone: photographs are chosen, dropped or pasted; one, many, or whole folders.

import { t } from './language.js';
import { button, say } from './parts.js';
import { ACCEPTED } from './contents.js';
import { h, icon } from './dom.js';

const BATCH = 500; // files of a drop that are passed on together

const PHOTOGRAPH = { accept: ACCEPTED, begins: 'image/', label: 'drop.one', alone: 'drop.one_at_a_time' };
/** What a drop zone of films takes. */
export const FILM = { accept: 'video/*,.mkv', begins: 'video/', label: 'drop.film', alone: 'drop.one_film_at_a_time' };

/**
 * Makes a drop zone. `take` receives an array of {file, folder}, of one unless `many`; of many, {unreadable: path} is
 * what the browser could not open. `kind`: PHOTOGRAPH or FILM. The element's `give` takes such an array too, for pasted
 * files.
 */
export function dropZone(title, hint, take, { many = false, slim = false, kind = PHOTOGRAPH } = {}) {
  const input = h('input', {
    type: 'file',
    accept: kind.accept,
    multiple: many,
    class: 'unseen',
    tabIndex: -1,
    'aria-label': title,
  });
  const folder =
    many &&
    h('input', {
      type: 'file',
      webkitdirectory: true,
      multiple: true,
      class: 'unseen',
      tabIndex: -1,
      'aria-label': t('drop.folder'),
    });
  const chosen = (event) => {
    const files = [...event.target.files].map((file) => ({
      file,
      folder: file.webkitRelativePath.split('/').slice(0, -1).join('/'),
    }));
    event.target.value = '';
    if (files.length) give(files);
  };
  for (const each of [input, folder].filter(Boolean)) each.addEventListener('change', chosen);
  const label = t(many ? 'drop.many' : kind.label);
  const choose = button(slim ? t('drop.choose') : label, 'main', () => input.click(), null, {
    'data-key': 'o',
    'aria-label': label,
  });
  const whole = folder && button(t('drop.folder'), '', () => folder.click());
  const text = h(
    'div',
    { class: 'stack tight' },
    h('strong', { text: title }),
    h('span', { class: 'quiet small', text: hint }),
  );
  const zone = h(
    'div',
    { class: `drop ${slim ? 'slim' : ''}` },
    icon('upload'),
    text,
    h('div', { class: 'row center' }, choose, whole),
    input,
    folder,
  );
  function give(files) {
    if (many) return take(files);
    const first = files.find(({ file }) => file.type.startsWith(kind.begins)) ?? files[0];
    if (files.length > 1) say(t(kind.alone, { name: first.file.name }));
    return take([first]);
  }
  const over = (event) => {
    event.preventDefault();
    zone.classList.add('over');
  };
  zone.addEventListener('dragenter', over);
  zone.addEventListener('dragover', over);
  zone.addEventListener('dragleave', (event) => {
    if (!zone.contains(event.relatedTarget)) zone.classList.remove('over');
  });
  zone.addEventListener('drop', async (event) => {
    event.preventDefault();
    zone.classList.remove('over');
    const files = [];
    let found = 0;
    for await (const each of dropped(event.dataTransfer)) {
      if (each.unreadable && !many) continue;
      files.push(each);
      if (many && files.length === BATCH) give(files.splice(0)); // work begins while a large folder is still being read
      found++;
    }
    if (files.length) give(files);
    if (!found) say(t('drop.no_file'), 'bad');
  });
  zone.give = give;
  return zone;
}

/** Passes pasted files to the page's drop zone: the first without a photograph, or the first. */
export function takePastes() {
  document.addEventListener('paste', (event) => {
    const files = [...(event.clipboardData?.files ?? [])].map((file) => ({ file, folder: '' }));
    const zone = document.querySelector('main .drop:not(.slim)') ?? document.querySelector('main .drop');
    if (files.length && zone && !document.querySelector('dialog[open]')) zone.give(files);
  });
}

/** Yields the files of a drop, with those inside folders. */
async function* dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  const files = [...transfer.files]; // both before the first await, since the browser empties them
  for (const entry of entries) yield* inside(entry, '');
  if (!entries.length) for (const file of files) yield { file, folder: '' };
}

async function* inside(entry, folder) {
  const path = folder ? `${folder}/${entry.name}` : entry.name;
  try {
    if (entry.isFile) {
      const file = await new Promise((resolve, reject) => {
        entry.file(resolve, reject);
      });
      yield { file, folder };
      return;
    }
    const reader = entry.createReader();
    for (;;) {
      const some = await new Promise((resolve, reject) => {
        reader.readEntries(resolve, reject);
      });
      if (!some.length) return;
      for (const each of some) yield* inside(each, path);
    }
  } catch {
    yield { unreadable: path }; // which ends neither the folder beside it nor the drop
  }
}
