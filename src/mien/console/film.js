// The tab Film: a film is dropped, played with names over its faces, and searched for a person. It stays in the browser.

import { fill, h } from './dom.js';
import { FILM, dropZone } from './drop.js';
import { jobsLink } from './jobs.js';
import { rich, t } from './language.js';
import { failure, note, working } from './parts.js';
import { filmView } from './filmview.js';

/** Makes the tab, or returns it as it was left. */
export function filmTab(app, { name }) {
  if (app.film?.collection !== name) {
    app.film?.end();
    app.film = begun(app, name);
  }
  return app.film.element;
}

function begun(app, collection) {
  const element = h('div', { class: 'stack' });
  let view = null;
  let latest = 0;

  async function take(file) {
    const turn = ++latest;
    view?.end();
    view = null;
    fill(element, zone(), working(t('film.opening', { name: file.name })));
    try {
      const made = await filmView(app, collection, file);
      if (turn !== latest) return made.end();
      view = made;
      fill(element, zone(), view.element);
      return view.begin();
    } catch (error) {
      if (turn === latest) fill(element, zone(), error.isUndecodable ? elsewhere(collection, error) : failure(error));
      return undefined;
    }
  }

  const zone = () =>
    dropZone(t(view ? 'film.another' : 'film.drop'), t('film.drop_hint'), ([{ file }]) => take(file), {
      slim: Boolean(view),
      kind: FILM,
    });
  fill(element, zone(), jobsLink(app));
  const end = () => {
    latest++;
    view?.end();
  };
  return { collection, element, end };
}

/** Says what can be done with a film that the browser cannot play. */
function elsewhere(collection, error) {
  const ways = rich('film.elsewhere', {
    operation: h('code', { text: 'StartFaceSearch' }),
    command: h('code', { text: `mien watch --collection ${collection} FILE` }),
  });
  return note('bad', [error.message, ' ', ...ways]);
}
