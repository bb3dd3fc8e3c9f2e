// The tab Faces: lists the faces of a collection, gives chosen ones to a user, takes them back, deletes them.

import { fill, h, icon } from './dom.js';
import { ask, attempt, button, confirm, empty, field, iconButton, note, pages, say, tell } from './parts.js';
import { called, similar, thumbnail } from './person.js';
import { plural, reason } from './words.js';

const PAGE = 48;
const USER = '[a-zA-Z0-9_.\\-:]+';

/** Makes the tab. With `user` in `query`, only that user's faces are shown. */
export function facesTab(app, collection, query) {
  const user = query.get('user');
  const chosen = new Map(); // FaceId → face
  const actions = h('div', {
    class: 'selection',
    hidden: true,
    role: 'toolbar',
    'aria-label': 'What to do with the chosen faces',
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
        'No face',
        `${user} has no faces yet. Choose some among all faces and give them to ${user}.`,
        link('', 'All faces'),
      );
    return empty(
      'face',
      'No face yet',
      'Add photographs, and every face that is good enough is indexed.',
      link('/add', 'Add photographs'),
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
    return h('label', { class: 'check quiet small' }, box, `Choose all ${plural(faces.length, 'face')} of this page`);
  }

  function row(face) {
    const name = called(face);
    const box = h('input', {
      type: 'checkbox',
      'aria-label': `Choose ${name}`,
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
        text: face.UserId,
      });
    const find = () =>
      similar(
        app,
        `Like ${name}`,
        async () =>
          (
            await app.api.call('SearchFaces', {
              CollectionId: collection.name,
              FaceId: face.FaceId,
              MaxFaces: 10,
              FaceMatchThreshold: 60,
            })
          ).FaceMatches,
      );
    return h(
      'li',
      {},
      box,
      thumbnail(app, face.FaceId, name),
      h(
        'div',
        { class: 'grow' },
        h('strong', { class: 'clip', text: face.ExternalImageId ?? 'without a name' }),
        owner,
        h('p', { class: 'quiet mono', text: face.FaceId }),
      ),
      h('span', {
        class: 'quiet small sure',
        title: 'The detector’s confidence that this is a face',
        text: `${Math.round(face.Confidence)}% sure`,
      }),
      iconButton(`Find faces like ${name}`, 'search', find),
    );
  }

  function drawActions() {
    const faces = [...chosen.values()];
    actions.hidden = !faces.length;
    if (!faces.length) return;
    fill(
      actions,
      h('strong', { text: `${plural(faces.length, 'face')} chosen` }),
      button('Give to a user', '', () => give(faces), 'user'),
      faces.some((face) => face.UserId) && button('Take from its user', '', () => take(faces)),
      button('Delete', 'bad', () => remove(faces), 'trash'),
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
    if (rows.length) await tell('Not all of them', h('ul', { class: 'rows plain' }, rows));
  }

  const refusals = (list, faces) =>
    list.map((each) => [faces.find((face) => face.FaceId === each.FaceId), each.Reasons.map(reason).join(' ')]);

  async function give(faces) {
    const known = await attempt(() => app.api.call('ListUsers', { CollectionId: collection.name, MaxResults: 500 }));
    const names = h(
      'datalist',
      { id: 'users' },
      (known?.Users ?? []).map((each) => h('option', { value: each.UserId })),
    );
    const name = h('input', {
      type: 'text',
      required: true,
      pattern: USER,
      maxLength: 128,
      autocomplete: 'off',
      spellcheck: false,
    });
    name.setAttribute('list', 'users');
    const unlike = h('input', { type: 'checkbox' });
    let done;
    const body = [
      field('User', name, 'An existing user or a new one.'),
      names,
      h('label', { class: 'check' }, unlike, 'Even if a face is unlike the user’s others (similarity below 75)'),
    ];
    await ask(`Give ${plural(faces.length, 'face')} to a user`, body, 'Give', async () => {
      const where = { CollectionId: collection.name, UserId: name.value };
      try {
        await app.api.call('CreateUser', where);
      } catch (error) {
        if (error.code !== 'ConflictException') throw error; // the user exists already
      }
      done = await app.api.call('AssociateFaces', {
        ...where,
        FaceIds: faces.map((face) => face.FaceId),
        UserMatchThreshold: unlike.checked ? 0 : 75,
      });
    });
    if (done)
      await after(
        `${plural(done.AssociatedFaces.length, 'face')} given to ${name.value}.`,
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
      await after(`${plural(taken, 'face')} taken from ${plural(owners.size, 'user')}.`, refused);
    });
  }

  async function remove(faces) {
    let done;
    await confirm(
      `Delete ${plural(faces.length, 'face')}?`,
      'A face comes back only by indexing its photograph again.',
      'Delete',
      async () => {
        done = await app.api.call('DeleteFaces', {
          CollectionId: collection.name,
          FaceIds: faces.map((face) => face.FaceId),
        });
      },
    );
    if (done)
      await after(
        `${plural(done.DeletedFaces.length, 'face')} deleted.`,
        refusals(done.UnsuccessfulFaceDeletions, faces),
      );
  }

  const only = user && h('div', { class: 'row' }, note('plain', `Only the faces of ${user}.`), link('', 'All faces'));
  return h('div', { class: 'stack' }, only, actions, list.element);
}
