// Says who a face is: a dialog for a face that is nobody's yet, wherever a picture shows one.

import { h } from './dom.js';
import { t } from './language.js';
import { ask, attempt, field, say } from './parts.js';
import { misnamed } from './words.js';

const OFFERED = 500; // names of people who are known, to choose from

/**
 * Asks who a face is, and makes it that person's. `face`: returns the promise of its FaceId, once there is a name; `hint`:
 * a sentence about what else happens. Resolves to the person, or null where the dialog was closed.
 */
export async function nameFace(app, collection, face, hint = '') {
  const where = { CollectionId: collection };
  const known = await attempt(() => app.api.call('Mien.ListPeople', { ...where, MaxResults: OFFERED }));
  const names = h(
    'datalist',
    { id: 'known-people' },
    (known?.People ?? []).map((each) => h('option', { value: each.DisplayName })),
  );
  const name = h('input', { type: 'text', required: true, autocomplete: 'off', spellcheck: false });
  name.setAttribute('list', names.id);
  let person = null;
  const body = [field(t('person.name'), name, t('person.name_hint')), names, hint && h('p', { class: 'quiet', text: hint })];
  await ask(t('person.who'), body, t('person.name_ok'), async () => {
    const wrong = misnamed(name.value);
    if (wrong) throw Object.assign(new Error(wrong), { code: 'name' });
    const id = await face();
    const done = await app.api.call('Mien.NamePerson', {
      ...where,
      FaceIds: [id],
      DisplayName: name.value,
      SameName: 'JOIN',
      UserMatchThreshold: 0, // who says so has seen the face
    });
    person = done.Person;
  });
  if (person) say(t('person.named', { name: person.DisplayName }));
  return person;
}
