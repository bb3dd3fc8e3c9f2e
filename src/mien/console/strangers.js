// Faces that have no name yet, in groups of one person each: who is this?

import { fill, h, icon } from './dom.js';
import { t } from './language.js';
import { attempt, button, empty, failure, working } from './parts.js';
import { likeness } from './portraits.js';
import { called } from './person.js';
import { tiles } from './tiles.js';

const PAGE = 12;
const SHOWN = 6; // faces of a group's card
const AGAIN = 1000; // milliseconds until the groups that are being made are read again

/** Makes the section with the groups, the largest first. `deeds`: of the collection; `changed`: draws the page again. */
export function strangers(app, deeds, query, changed) {
  const isHidden = query.get('hidden') !== null;
  const chosen = new Map(); // GroupId → group
  const cards = new Map(); // GroupId → {group, name, element}, as shown
  const state = h('div');
  const joining = h('div', {
    class: 'selection',
    hidden: true,
    role: 'toolbar',
    'aria-label': t('people.chosen_actions'),
  });
  const list = h('div', { class: 'stack' }, working(t('people.grouping')));
  const element = h('section', { class: 'stack', 'aria-labelledby': 'strangers' });
  fill(element, title(), state, joining, list);
  let most = PAGE;
  let timer;
  let asked = 0;

  function title() {
    const [key, to] = isHidden ? ['people.to_groups', ''] : ['people.to_hidden', '?hidden'];
    const other = h('a', { href: `#/collections/${deeds.collection}/people${to}`, text: t(key) });
    const name = isHidden ? 'people.hidden_groups' : 'people.strangers';
    return h('div', { class: 'row between' }, h('h2', { id: 'strangers', text: t(name) }), other);
  }

  async function load() {
    clearTimeout(timer);
    const turn = ++asked;
    try {
      const found = await deeds.call('Mien.ListGroups', { MaxResults: most, Hidden: isHidden });
      if (turn !== asked) return; // a later answer shows more
      drawState(found.Progress);
      const groups = found.Groups.map(left).filter((each) => each.FaceIds.length);
      if (groups.length || found.Progress.Current) draw(groups, found);
      if (!found.Progress.Current) timer = setTimeout(() => element.isConnected && load(), AGAIN);
    } catch (error) {
      fill(list, failure(error));
    }
  }

  /** Draws groups; what is being typed, chosen or focused stays, since they are read again while they are made. */
  function draw(groups, found) {
    const before = new Map(cards);
    cards.clear();
    for (const group of groups) {
      const old = before.get(group.GroupId);
      cards.set(group.GroupId, old && isSame(old.group, group) ? old : card(group, old?.name));
    }
    for (const id of chosen.keys()) if (!cards.has(id)) chosen.delete(id);
    drawJoining();
    const focused = document.activeElement;
    const shown = [...cards.values()].map((each) => each.element);
    fill(list, shown.length ? h('ul', { class: 'cards wide' }, shown) : none(), more(found));
    if (focused?.isConnected) focused.focus({ preventScroll: true });
  }

  /** Returns a group without the faces that are deleted when the page is left. */
  function left(group) {
    const ids = group.FaceIds.filter((id) => !app.undo.gone.has(id));
    return { ...group, FaceIds: ids, FaceCount: group.FaceCount - (group.FaceIds.length - ids.length) };
  }

  function drawState({ Current: isCurrent, Done: done, Total: total }) {
    fill(state, !isCurrent && working(t('people.grouped', { done, total })));
  }

  function more(found) {
    if (!found.NextToken) return null;
    const next = () => {
      most += PAGE;
      load();
    };
    return button(t('people.more_groups'), '', next);
  }

  function none() {
    if (isHidden) return h('p', { class: 'quiet', text: t('people.none_hidden') });
    return empty('check', t('people.all_named'), t('people.all_named_why'));
  }

  /** Makes the card of a group. `name`: the field of the group's earlier card, if there is one. */
  function card(group, name = deeds.nameField(t('people.who'))) {
    const count = t('people.group_of', { count: group.FaceCount });
    if (chosen.has(group.GroupId)) chosen.set(group.GroupId, group);
    const box = h('input', {
      type: 'checkbox',
      checked: chosen.has(group.GroupId),
      'aria-label': t('people.choose_group', { what: count }),
      on: {
        change: () => {
          if (box.checked) chosen.set(group.GroupId, group);
          else chosen.delete(group.GroupId);
          drawJoining();
        },
      },
    });
    const give = (event) => {
      event.preventDefault();
      attempt(async () => {
        try {
          const ids = await faceIds(deeds, group);
          if (await deeds.name(ids, name.input.value.trim())) await changed();
        } catch (error) {
          load(); // somebody may have named it meanwhile
          throw error;
        }
      });
    };
    const href = `#/collections/${deeds.collection}/people?group=${encodeURIComponent(group.GroupId)}`;
    const open = { class: 'strip', href, 'aria-label': t('people.open_group', { what: count }) };
    const hide = async () => {
      await deeds.hide(group, !isHidden);
      await changed();
    };
    const element = h(
      'li',
      { class: 'card stack group' },
      h(
        'a',
        open,
        group.FaceIds.slice(0, SHOWN).map((id) => likeness(app, deeds.collection, id)),
      ),
      h('div', { class: 'row between' }, h('label', { class: 'check small' }, box, count), hideButton(hide)),
      h(
        'form',
        { class: 'row', on: { submit: give } },
        name.element,
        h('button', { class: 'button main', text: t('people.name_them') }),
      ),
    );
    return { group, name, element };
  }

  function hideButton(hide) {
    return button(t(isHidden ? 'people.show' : 'people.hide'), 'plain', () => attempt(hide));
  }

  function drawJoining() {
    const groups = [...chosen.values()];
    joining.hidden = groups.length < 2;
    const join = () =>
      attempt(async () => {
        const one = { Verdict: 'SAME', FaceIds: groups.map((each) => each.FaceIds[0]) };
        await deeds.judge(one, t('people.joined', { count: groups.length }));
        chosen.clear();
        cards.clear();
        await changed();
      });
    fill(
      joining,
      h('strong', { text: t('people.groups_chosen', { count: groups.length }) }),
      button(t('people.join'), 'main', join),
    );
  }

  load();
  return { element, load };
}

/** Makes the page of one group. `id`: its GroupId. */
export function groupView(app, deeds, id) {
  const element = h('div', { class: 'stack' }, working(t('people.grouping')));
  const home = `#/collections/${deeds.collection}/people`;

  async function load() {
    try {
      const faces = await deeds.all('Mien.ListGroupFaces', { GroupId: id }, (each) => each.Faces);
      draw(faces.filter((face) => !app.undo.gone.has(face.FaceId)));
    } catch (error) {
      fill(element, failure(error));
    }
  }

  function draw(faces) {
    const back = h('a', { class: 'back', href: home }, icon('previous'), t('people.title'));
    const { input, element: name } = deeds.nameField(t('people.who'));
    const give = (event) => {
      event.preventDefault();
      attempt(async () => {
        const person = await deeds.name(
          faces.map((each) => each.FaceId),
          input.value.trim(),
        );
        if (person) app.go(`${home}?person=${encodeURIComponent(person.UserId)}`);
      });
    };
    const form = h(
      'form',
      { class: 'row', on: { submit: give } },
      name,
      h('button', { class: 'button main', text: t('people.name_them') }),
    );
    fill(
      element,
      back,
      h('h2', { text: t('people.group_of', { count: faces.length }) }),
      form,
      tiles(app, deeds.collection, faces, called, (chosen) => actions(chosen, faces)),
    );
  }

  function actions(chosen, faces) {
    const ids = chosen.map((each) => each.FaceId);
    const others = faces.map((each) => each.FaceId).filter((each) => !ids.includes(each));
    const out = () =>
      attempt(async () => {
        const apart = { Verdict: 'DIFFERENT', FaceIds: ids, OtherFaceIds: others };
        await deeds.judge(apart, t('people.taken_out', { count: ids.length }));
        await load();
      });
    const one = () =>
      deeds.askName(t('people.who'), t('people.name_them'), async (name) => {
        if (await deeds.name(ids, name)) await load();
      });
    const remove = () =>
      attempt(async () => {
        await deeds.delete(ids);
        await load();
      });
    return [
      others.length > 0 && button(t('people.take_out'), '', out),
      button(t('people.name_only'), '', one, 'user'),
      button(t('parts.delete'), 'bad', remove, 'trash'),
    ];
  }

  load();
  return { element, load };
}

function isSame(one, other) {
  return one.FaceCount === other.FaceCount && one.FaceIds.join() === other.FaceIds.join();
}

/** Returns all faces of a group, of which a listing has only the first. */
export async function faceIds(deeds, group) {
  if (group.FaceCount <= group.FaceIds.length) return group.FaceIds;
  const faces = await deeds.all('Mien.ListGroupFaces', { GroupId: group.GroupId }, (each) => each.Faces);
  return faces.map((each) => each.FaceId).filter((id) => !deeds.app.undo.gone.has(id));
}
