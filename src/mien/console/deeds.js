// What can be done to people and groups, each with its way back in `app.undo`.

import { h } from './dom.js';
import { t } from './language.js';
import { ask, field } from './parts.js';
import { likeness } from './portraits.js';
import { portions } from './undo.js';

const TOGETHER = 100; // faces of one DisassociateFaces
const MOST_FACES = 10_000; // of a call about people

/** What can be done in a collection. `names`: what it is called and who is known; `app`: the console. */
export class Deeds {
  constructor(app, collection) {
    this.app = app;
    this.collection = collection;
    this.people = new Map(); // UserId → DisplayName, of those that were shown
  }

  /** Calls an operation of this collection. */
  call(operation, request = {}) {
    return this.app.api.call(operation, { CollectionId: this.collection, ...request });
  }

  /** Reads every page of a listing. `items`: of an answer; the first answer is returned, with all items in it. */
  async whole(operation, request, items) {
    const found = await this.call(operation, request);
    for (let token = found.NextToken; token;) {
      const answer = await this.call(operation, { ...request, NextToken: token });
      items(found).push(...items(answer));
      token = answer.NextToken;
    }
    return found;
  }

  /** Reads all items of a listing. */
  async all(operation, request, items) {
    return items(await this.whole(operation, request, items));
  }

  /** Returns the people who have this name, however it is capitalised. */
  async known(name) {
    const same = await this.all('Mien.ListPeople', { Contains: name }, (each) => each.People);
    return same.filter((each) => each.DisplayName.toLowerCase() === name.toLowerCase());
  }

  /**
   * Says who faces are. `who`: a DisplayName, for which a person is made unless there is one, or {UserId}.
   * Returns the person, or null where the user thought better of it.
   */
  async name(ids, who) {
    const named = typeof who === 'string' ? await this.#named(ids, who) : await this.#give(ids, who);
    if (!named) return null;
    const { Person: person, Created: isNew, AssociatedFaces: faces } = named;
    const given = faces.map((each) => each.FaceId);
    await this.app.undo.did(t('people.named', { name: person.DisplayName, count: given.length }), async () =>
      isNew && (await this.#hasOnly(person.UserId, given))
        ? this.call('DeleteUser', { UserId: person.UserId })
        : this.#take(person.UserId, given),
    );
    return person;
  }

  /** Tells whether a person has none but these faces: others may have given it more since. */
  async #hasOnly(user, ids) {
    const known = new Set(ids);
    const faces = await this.all('Mien.ListPersonFaces', { UserId: user }, (each) => each.Faces);
    return faces.every(({ Face }) => known.has(Face.FaceId));
  }

  async #named(ids, name) {
    try {
      return await this.#give(ids, { DisplayName: name });
    } catch (error) {
      if (error.code !== 'ConflictException') throw error;
    }
    const known = await this.known(name);
    if (!known.length) throw new Error(t('people.all_known'));
    let named = null;
    await this.#which(t('people.which'), known, [t('people.another', { name })], async (user) => {
      named = await this.#give(ids, user ? { UserId: user } : { DisplayName: name, SameName: 'ANOTHER' });
    });
    return named;
  }

  /** Asks which of people of one name is meant. `more`: answers for none of them; `done` gets a UserId or ''. */
  #which(question, people, more, done) {
    const options = people.map(({ UserId: user, DisplayName: name, FaceCount: count, Portrait: face }) => [
      user,
      likeness(this.app, this.collection, face),
      t('people.that_one', { name, count }),
    ]);
    const pick = [...options, ...more.map((each) => ['', null, each])].map(([value, picture, label], i) =>
      h(
        'label',
        { class: 'check which' },
        h('input', { type: 'radio', name: 'which', value, checked: i === 0 }),
        picture,
        h('span', { text: label }),
      ),
    );
    const body = h('fieldset', { class: 'stack tight', 'aria-label': question }, pick);
    return ask(question, body, t('people.ok'), () => done(body.querySelector('input:checked').value));
  }

  async #give(ids, who) {
    const [first, ...others] = portions(ids, MOST_FACES);
    const named = await this.call('Mien.NamePerson', { FaceIds: first, ...who });
    for (const part of others) {
      const more = await this.call('Mien.NamePerson', { FaceIds: part, UserId: named.Person.UserId });
      named.AssociatedFaces.push(...more.AssociatedFaces);
    }
    return named;
  }

  async #take(user, ids) {
    for (const part of portions(ids, TOGETHER)) await this.call('DisassociateFaces', { UserId: user, FaceIds: part });
  }

  /** Gives a person another name; asks where another person has it. */
  async rename(person, name) {
    const change = (rest) => this.call('Mien.UpdatePerson', { UserId: person.UserId, DisplayName: name, ...rest });
    let done;
    try {
      done = await change({});
    } catch (error) {
      if (error.code !== 'ConflictException') throw error;
      const body = h('p', { text: t('people.name_taken_why', { name }) });
      await ask(t('people.name_taken', { name }), body, t('people.name_anyway'), async () => {
        done = await change({ SameName: 'ANOTHER' });
      });
    }
    if (!done) return null;
    const before = done.Before.DisplayName;
    await this.app.undo.did(t('people.renamed', { name }), () =>
      this.call('Mien.UpdatePerson', { UserId: person.UserId, DisplayName: before, SameName: 'ANOTHER' }),
    );
    return done.Person;
  }

  /** Makes a face the one that a person is shown by. */
  async choosePortrait(person, id) {
    const done = await this.call('Mien.UpdatePerson', { UserId: person.UserId, Portrait: id });
    const before = done.Before.Portrait;
    await this.app.undo.did(t('people.portrait_chosen', { name: person.DisplayName }), () =>
      this.call('Mien.UpdatePerson', { UserId: person.UserId, Portrait: before }),
    );
  }

  /** Merges whoever has a name into a person; asks which, where several have it. Tells whether it was done. */
  async mergeNamed(person, name) {
    const others = (await this.known(name)).filter((each) => each.UserId !== person.UserId);
    if (!others.length) throw new Error(t('people.none_found', { part: name }));
    const join = (user) => this.merge(person, [user]);
    if (others.length > 1) return this.#which(t('people.which_one', { name }), others, [], join);
    await join(others[0].UserId);
    return true;
  }

  /** Merges other people into one. */
  async merge(person, others) {
    const done = await this.call('Mien.MergePeople', { UserId: person.UserId, Others: others });
    await this.app.undo.did(t('people.merged', { name: person.DisplayName }), async () => {
      for (const each of done.Merged) {
        if (each.FaceIds.length) await this.#take(person.UserId, each.FaceIds);
        const who = { UserId: each.UserId, DisplayName: each.DisplayName, SameName: 'ANOTHER' };
        if (each.FaceIds.length) await this.#give(each.FaceIds, who);
        else await this.call('Mien.NamePerson', who);
      }
    });
  }

  /** Makes faces of a person another one, with a name. */
  async split(person, ids, name) {
    const done = await this.call('Mien.SplitPerson', {
      UserId: person.UserId,
      FaceIds: ids,
      DisplayName: name,
      SameName: 'ANOTHER',
    });
    const other = done.Person.UserId;
    await this.app.undo.did(t('people.split', { name, count: ids.length }), async () => {
      if (await this.#hasOnly(other, ids))
        return this.call('Mien.MergePeople', { UserId: person.UserId, Others: [other] });
      await this.#take(other, ids);
      return this.#give(ids, { UserId: person.UserId });
    });
  }

  /** Takes faces out of a person. */
  async remove(person, ids) {
    await this.call('Mien.RemoveFromPerson', { UserId: person.UserId, FaceIds: ids });
    await this.app.undo.did(t('people.removed', { name: person.DisplayName, count: ids.length }), () =>
      this.#give(ids, { UserId: person.UserId }),
    );
  }

  /** Deletes a person; its faces stay, as unknown ones. */
  async forget(person) {
    const faces = await this.all('Mien.ListPersonFaces', { UserId: person.UserId }, (each) => each.Faces);
    await this.call('DeleteUser', { UserId: person.UserId });
    const ids = faces.map(({ Face }) => Face.FaceId);
    const who = { UserId: person.UserId, DisplayName: person.DisplayName, SameName: 'ANOTHER' };
    await this.app.undo.did(t('people.forgotten', { name: person.DisplayName }), () =>
      ids.length ? this.#give(ids, who) : this.call('Mien.NamePerson', who),
    );
  }

  /** Deletes faces when the page is left; a person loses them at once, since faces of a user cannot be deleted. */
  async delete(ids, person = null) {
    if (person) await this.#take(person.UserId, ids);
    const back = person ? () => this.#give(ids, { UserId: person.UserId }) : async () => {};
    await this.app.undo.putOff(t('people.faces_deleted', { count: ids.length }), this.collection, ids, back);
  }

  /** Keeps a verdict, as Judge takes it. */
  async judge(request, text) {
    await this.call('Mien.Judge', request);
    await this.app.undo.did(text, () => this.call('Mien.Judge', { ...request, Verdict: 'NONE' }));
  }

  /** Hides a group of unknown faces, or shows it again. */
  async hide(group, isHidden) {
    const [deed, reverse] = isHidden ? ['Mien.HideGroup', 'Mien.ShowGroup'] : ['Mien.ShowGroup', 'Mien.HideGroup'];
    await this.call(deed, { GroupId: group.GroupId });
    const text = isHidden ? 'people.group_hidden' : 'people.group_shown';
    await this.app.undo.did(t(text, { count: group.FaceCount }), () => this.call(reverse, { GroupId: group.GroupId }));
  }

  /** Makes a field for a name, with the people who are known; asks the server as the user types. */
  nameField(label) {
    const known = h('datalist', { id: `names-${crypto.randomUUID?.() ?? Math.random().toString(36).slice(2)}` });
    const input = h('input', {
      type: 'text',
      required: true,
      maxLength: 1000,
      autocomplete: 'off',
      spellcheck: false,
      placeholder: label,
      'aria-label': label,
      on: { focus: () => this.#suggest(known, input.value) },
    });
    let waiting;
    input.addEventListener('input', () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => this.#suggest(known, input.value), 200);
    });
    input.setAttribute('list', known.id);
    return { input, element: h('span', { class: 'grow' }, input, known) };
  }

  async #suggest(list, typed) {
    try {
      const found = await this.call('Mien.ListPeople', { Contains: typed.trim(), MaxResults: 20, SortBy: 'FACES' });
      list.replaceChildren(...found.People.map((each) => h('option', { value: each.DisplayName })));
    } catch {
      list.replaceChildren(); // only a help to type less
    }
  }

  /** Asks for a name in a dialog; `done` gets it. */
  askName(title, ok, done) {
    const { input, element } = this.nameField(t('people.name'));
    return ask(title, field(t('people.name'), element), ok, () => done(input.value.trim()));
  }
}
