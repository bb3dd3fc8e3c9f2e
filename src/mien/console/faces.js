// The tab Faces: lists the faces of a collection, gives chosen ones to a user, takes them back, deletes them.

import { fill, h, icon } from './dom.js';
import { percent, t } from './language.js';
import { ask, attempt, button, confirm, empty, field, iconButton, note, pages, say, tell } from './parts.js';
import { shown } from './names.js';
import { createUser } from './newuser.js';
import { LEAST, called, similar, thumbnail, userId } from './person.js';
import { reason } from './words.js';

const PAGE = 48;
const LIKE = 75; // similarity to a user's other faces that AssociateFaces asks for by default

/** Makes the tab. With `user` in `query`, only that user's faces are shown. */
export function facesTab(app, collection, query) {
  const user = query.get('user');
  const chosen = new Map(); // FaceId → face
  const actions = h('div', {
    class: 'selection',
    hidden: true,
    role: 'toolbar',
    'aria-label': t('faces.toolbar'),
  });
  const read = async (token) => {
    chosen.clear();
    drawActions();
    const found = await app.api.call('ListFaces', {
      CollectionId: collection.name,
      MaxResults: PAGE,
      NextToken: token,
      UserId: user ?? undefined,
    });
    return { items: found.Faces, next: found.NextToken };
  };
  const list = pages(read, (faces) => [all(faces), h('ul', { class: 'rows faces' }, faces.map(row))], none);

  function none() {
    if (user)
      return empty(
        'user',
        t('faces.none_of'),
        t('faces.none_of_why', { name: shown(user) }),
        link('', t('faces.all')),
      );
    return empty(
      'face',
      t('faces.none'),
      t('faces.none_why'),
      link('/add', t('faces.add')),
    );
  }

  function link(to, text) {
    return h('a', { class: 'button main', href: `#/collections/${collection.name}${to || '/faces'}`, text });
  }

  function all(faces) {
    const box = h('input', {
      type: 'checkbox',
      on: {
        change: () => {
          for (const each of list.element.querySelectorAll('.faces input'))
            if (each.checked !== box.checked) each.click();
        },
      },
    });
    return h('label', { class: 'check quiet small' }, box, t('faces.choose_all', { count: faces.length }));
  }

  function row(face) {
    const name = called(face);
    const box = h('input', {
      type: 'checkbox',
      'aria-label': t('faces.choose', { name }),
      on: {
        change: () => {
          if (box.checked) chosen.set(face.FaceId, face);
          else chosen.delete(face.FaceId);
          drawActions();
        },
      },
    });
    const owner =
      face.UserId &&
      h('a', {
        class: 'chip',
        href: `#/collections/${collection.name}/faces?user=${encodeURIComponent(face.UserId)}`,
        text: shown(face.UserId),
      });
    const find = () =>
      similar(
        app,
        collection.name,
        t('faces.like', { name }),
        async () =>
          (
            await app.api.call('SearchFaces', {
              CollectionId: collection.name,
              FaceId: face.FaceId,
              MaxFaces: 10,
              FaceMatchThreshold: LEAST,
            })
          ).FaceMatches,
      );
    return h(
      'li',
      {},
      box,
      thumbnail(app, face.FaceId, name, collection.name),
      h(
        'div',
        { class: 'grow' },
        h('strong', { class: 'clip', text: face.ExternalImageId ? called(face) : t('faces.nameless') }),
        owner,
        h('p', { class: 'quiet mono', text: face.FaceId }),
      ),
      h('span', {
        class: 'quiet small sure',
        title: t('faces.sure_why'),
        text: t('faces.sure', { percent: percent(face.Confidence) }),
      }),
      iconButton(t('faces.find_like', { name }), 'search', find),
    );
  }

  function drawActions() {
    const faces = [...chosen.values()];
    actions.hidden = !faces.length;
    if (!faces.length) return;
    fill(
      actions,
      h('strong', { text: t('faces.chosen', { count: faces.length }) }),
      button(t('faces.give'), '', () => give(faces), 'user'),
      faces.some((face) => face.UserId) && button(t('faces.take'), '', () => take(faces)),
      button(t('parts.delete'), 'bad', () => remove(faces), 'trash'),
    );
  }

  async function after(text, refused) {
    say(text);
    await list.reload();
    attempt(() => collection.describe());
    const rows = refused.map(([face, why]) => {
      const words = [h('strong', { text: called(face) }), h('p', { class: 'quiet small', text: why })];
      return h('li', {}, icon('warn'), h('div', { class: 'grow' }, words));
    });
    if (rows.length) await tell(t('faces.not_all'), h('ul', { class: 'rows plain' }, rows));
  }

  const refusals = (list, faces) =>
    list.map((each) => [faces.find((face) => face.FaceId === each.FaceId), each.Reasons.map(reason).join(' ')]);

  async function give(faces) {
    const known = await attempt(() => app.api.call('ListUsers', { CollectionId: collection.name, MaxResults: 500 }));
    const users = (known?.Users ?? []).map((each) => each.UserId);
    const names = h(
      'datalist',
      { id: 'users' },
      users.map((id) => h('option', { value: shown(id) })),
    );
    const name = h('input', {
      type: 'text',
      required: true,
      autocomplete: 'off',
      spellcheck: false,
    });
    name.setAttribute('list', 'users');
    const unlike = h('input', { type: 'checkbox' });
    let done;
    const body = [
      field(t('faces.user'), name, t('faces.user_hint')),
      names,
      h('label', { class: 'check' }, unlike, t('faces.unlike', { similarity: LIKE })),
    ];
    await ask(t('faces.give_title', { count: faces.length }), body, t('faces.give_ok'), async () => {
      const where = { CollectionId: collection.name, UserId: userId(name.value, users) };
      await createUser((operation, given) => app.api.call(operation, { ...where, ...given }), where.UserId, name.value);
      done = await app.api.call('AssociateFaces', {
        ...where,
        FaceIds: faces.map((face) => face.FaceId),
        UserMatchThreshold: unlike.checked ? 0 : LIKE,
      });
    });
    if (done)
      await after(
        t('faces.given', { count: done.AssociatedFaces.length, name: name.value }),
        refusals(done.UnsuccessfulFaceAssociations, faces),
      );
  }

  async function take(faces) {
    const owners = Map.groupBy(
      faces.filter((face) => face.UserId),
      (face) => face.UserId,
    );
    await attempt(async () => {
      let [taken, refused] = [0, []];
      for (const [owner, owned] of owners) {
        const done = await app.api.call('DisassociateFaces', {
          CollectionId: collection.name,
          UserId: owner,
          FaceIds: owned.map((face) => face.FaceId),
        });
        taken += done.DisassociatedFaces.length;
        refused = refused.concat(refusals(done.UnsuccessfulFaceDisassociations, faces));
      }
      await after(t('faces.taken', { count: taken }), refused);
    });
  }

  async function remove(faces) {
    let done;
    await confirm(
      t('faces.delete_title', { count: faces.length }),
      t('faces.delete_why'),
      t('parts.delete'),
      async () => {
        done = await app.api.call('DeleteFaces', {
          CollectionId: collection.name,
          FaceIds: faces.map((face) => face.FaceId),
        });
      },
    );
    if (done)
      await after(
        t('faces.deleted', { count: done.DeletedFaces.length }),
        refusals(done.UnsuccessfulFaceDeletions, faces),
      );
  }

  const only = user && h('div', { class: 'row' }, note('plain', t('faces.only', { name: shown(user) })), link('', t('faces.all')));
  return h('div', { class: 'stack' }, only, actions, list.element);
}
