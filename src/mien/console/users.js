// The tab Users: lists the users of a collection, each several faces of one person under a name.

import { h, icon } from './dom.js';
import { attempt, confirm, empty, iconButton, pages, say } from './parts.js';
import { similar } from './person.js';

const PAGE = 48;

/** Makes the tab. */
export function usersTab(app, collection) {
  const where = { CollectionId: collection.name };
  const read = async (token) => {
    const found = await app.api.call('ListUsers', { ...where, MaxResults: PAGE, NextToken: token });
    return { items: found.Users, next: found.NextToken };
  };
  const none = () =>
    empty(
      'user',
      'No user yet',
      'A user is several faces of one person under a name. Searching for users is more accurate than for single faces.',
    );
  const list = pages(read, (users) => h('ul', { class: 'rows' }, users.map(row)), none);

  function row({ UserId: name, UserStatus: status }) {
    const find = () =>
      similar(
        app,
        `Like ${name}`,
        async () =>
          (await app.api.call('SearchUsers', { ...where, UserId: name, MaxUsers: 10, UserMatchThreshold: 60 }))
            .UserMatches,
      );
    const state = { CREATED: 'no faces yet', ACTIVE: 'has faces', UPDATING: 'being updated' }[status] ?? status;
    const href = `#/collections/${collection.name}/faces?user=${encodeURIComponent(name)}`;
    return h(
      'li',
      {},
      h('span', { class: 'thumb none' }, icon('user')),
      h(
        'div',
        { class: 'grow' },
        h('a', { class: 'clip name', href, title: `Faces of ${name}`, text: name }),
        h('p', { class: 'quiet small', text: state }),
      ),
      status !== 'CREATED' && iconButton(`Find users like ${name}`, 'search', find),
      iconButton(`Delete ${name}`, 'trash', () => remove(name)),
    );
  }

  async function changed(text) {
    say(text);
    await list.reload();
    await attempt(() => collection.describe());
  }

  async function create(event) {
    event.preventDefault();
    const name = input.value;
    await attempt(async () => {
      await app.api.call('CreateUser', { ...where, UserId: name });
      input.value = '';
      await changed(`${name} was created.`);
    });
  }

  async function remove(name) {
    const done = await confirm(
      `Delete ${name}?`,
      'Its faces stay in the collection, without a user.',
      'Delete the user',
      () => app.api.call('DeleteUser', { ...where, UserId: name }),
    );
    if (done) await changed(`${name} was deleted.`);
  }

  const input = h('input', {
    type: 'text',
    required: true,
    pattern: '[a-zA-Z0-9_.\\-:]+',
    maxLength: 128,
    autocomplete: 'off',
    spellcheck: false,
    placeholder: 'Name of a new user',
    'data-key': '/',
    'aria-label': 'Name of a new user',
    title: 'Letters, digits, dots, dashes, colons and underscores',
  });
  const form = h(
    'form',
    { class: 'row', on: { submit: create } },
    input,
    h('button', { class: 'button main' }, icon('plus'), h('span', { text: 'Create' })),
  );
  return h('div', { class: 'stack' }, form, list.element);
}
