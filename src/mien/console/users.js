// The tab Users: lists the users of a collection, each several faces of one person under a name.

import { h, icon } from './dom.js';
import { t } from './language.js';
import { attempt, confirm, empty, iconButton, pages, say } from './parts.js';
import { shown } from './names.js';
import { LEAST, similar, userId } from './person.js';

const PAGE = 48;
const STATES = { CREATED: 'users.created', ACTIVE: 'users.active', UPDATING: 'users.updating' };

/** Makes the tab. */
export function usersTab(app, collection) {
  const where = { CollectionId: collection.name };
  const read = async (token) => {
    const found = await app.api.call('ListUsers', { ...where, MaxResults: PAGE, NextToken: token });
    return { items: found.Users, next: found.NextToken };
  };
  const none = () =>
    empty('user', t('users.none'), t('users.none_why'));
  const list = pages(read, (users) => h('ul', { class: 'rows' }, users.map(row)), none);

  function row({ UserId: id, UserStatus: status }) {
    const name = shown(id);
    const find = () =>
      similar(
        app,
        collection.name,
        t('users.like', { name }),
        async () =>
          (await app.api.call('SearchUsers', { ...where, UserId: id, MaxUsers: 10, UserMatchThreshold: LEAST }))
            .UserMatches,
      );
    const state = STATES[status] ? t(STATES[status]) : status;
    const href = `#/collections/${collection.name}/faces?user=${encodeURIComponent(id)}`;
    return h(
      'li',
      {},
      h('span', { class: 'thumb none' }, icon('user')),
      h(
        'div',
        { class: 'grow' },
        h('a', { class: 'clip name', href, title: t('users.faces_of', { name }), text: name }),
        h('p', { class: 'quiet small', text: state }),
      ),
      status !== 'CREATED' && iconButton(t('users.find_like', { name }), 'search', find),
      iconButton(t('users.delete_it', { name }), 'trash', () => remove(id, name)),
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
      await app.api.call('CreateUser', { ...where, UserId: userId(name) });
      input.value = '';
      await changed(t('users.was_created', { name }));
    });
  }

  async function remove(id, name) {
    const done = await confirm(
      t('users.delete_title', { name }),
      t('users.delete_why'),
      t('users.delete'),
      () => app.api.call('DeleteUser', { ...where, UserId: id }),
    );
    if (done) await changed(t('users.was_deleted', { name }));
  }

  const input = h('input', {
    type: 'text',
    required: true,
    autocomplete: 'off',
    spellcheck: false,
    placeholder: t('users.new'),
    'data-key': '/',
    'aria-label': t('users.new'),
  });
  const form = h(
    'form',
    { class: 'row', on: { submit: create } },
    input,
    h('button', { class: 'button main' }, icon('plus'), h('span', { text: t('users.create') })),
  );
  return h('div', { class: 'stack' }, form, list.element);
}
