// Finds a person in a film: by name, or by a photograph.

import { vector } from './alike.js';
import { titled } from './cast.js';
import { fill, h } from './dom.js';
import { dropZone } from './drop.js';
import { t } from './language.js';
import { button, failure, note, working } from './parts.js';
import { prepare } from './picture.js';
import { score } from './words.js';

const SAME = 80; // similarity from which it is said that a person appears

/** Makes the fields. `film`: {choose(person), changed()}. Returns the element and `part`, the part of a name. */
export function whereabouts(app, collection, following, film) {
  const input = h('input', {
    type: 'search',
    placeholder: t('people.filter'),
    'aria-label': t('people.filter'),
    'data-key': '/',
    on: { input: film.changed },
  });
  const answer = h('div', { role: 'status' });

  async function look(file) {
    fill(answer, working(t('person.searching')));
    try {
      const picture = await prepare(file, app.api);
      const request = { CollectionId: collection, Image: await picture.image(), Embeddings: true };
      const { Faces: faces } = await app.api.call('Mien.SearchPeopleByImage', request);
      fill(answer, faces.length ? told(following.like(vector(faces[0].Embedding))[0]) : note('plain', t('search.no_face')));
    } catch (error) {
      fill(answer, failure(error));
    }
  }

  /** Says whom the photograph shows. */
  function told(best) {
    if (!best) return note('plain', t('film.nobody'));
    const { person, similarity } = best;
    const isSame = similarity >= SAME;
    if (isSame) film.choose(person);
    const text = t(isSame ? 'film.is' : 'film.is_not', { name: titled(person), similarity: score(similarity) });
    const see = !isSame && button(t('film.see'), 'plain', () => film.choose(person));
    return h('div', { class: 'row' }, h('p', { class: 'grow small', text }), see);
  }

  const zone = dropZone(t('film.where'), t('film.where_hint'), ([{ file }]) => look(file), { slim: true });
  const title = h('h2', { text: t('film.seen') });
  return { element: h('div', { class: 'stack' }, title, input, zone, answer), part: () => input.value };
}
