// Questions about people: is this also the same person? Each is asked once, whatever the answer.

import { fill, h } from './dom.js';
import { t } from './language.js';
import { attempt, button } from './parts.js';
import { likeness } from './portraits.js';
import { faceIds } from './strangers.js';
import { score } from './words.js';

const ASKED = 3; // at a time
const SHOWN = 4; // faces of each side
const AGAIN = 1000; // milliseconds until the suggestions that are being made are read again

/** Makes the section, empty where there is nothing to ask. `user`: whom it is about, or null for everybody. */
export function suggestions(app, deeds, user, changed) {
  const element = h('section', { class: 'stack', 'aria-label': t('people.suggestions'), hidden: true });

  let timer;
  let drawn = '';

  async function load() {
    clearTimeout(timer);
    const found = await attempt(() =>
      deeds.call('Mien.ListSuggestions', { UserId: user ?? undefined, MaxResults: ASKED }),
    );
    if (found?.Progress.Current === false) timer = setTimeout(() => element.isConnected && load(), AGAIN);
    const all = found?.Suggestions ?? [];
    if (drawn === (drawn = JSON.stringify(all))) return; // what has the focus keeps it
    element.hidden = !all.length;
    fill(element, h('h2', { text: t('people.suggestions') }), h('ul', { class: 'cards wide' }, all.map(card)));
  }

  function card(each) {
    const name = each.DisplayName ?? each.UserId;
    const question = each.OtherUserId
      ? t('people.one_person', { name, other: each.OtherDisplayName ?? each.OtherUserId })
      : t('people.also', { name });
    const answer = (act) => () =>
      attempt(async () => {
        await act();
        await changed();
      });
    const sides = [h('span', { class: 'strip' }), h('span', { class: 'strip' })];
    show(sides[0], each.UserId);
    if (each.OtherUserId) show(sides[1], each.OtherUserId);
    else fill(sides[1], strip(each.FaceIds));
    return h(
      'li',
      { class: 'card stack question' },
      h('div', { class: 'row' }, sides[0], h('span', { class: 'quiet', 'aria-hidden': 'true', text: '=' }), sides[1]),
      h(
        'div',
        { class: 'row between' },
        h('strong', { text: question }),
        h('span', { class: 'quiet small', text: score(each.Similarity) }),
      ),
      h(
        'div',
        { class: 'row' },
        button(
          t('people.yes'),
          'main',
          answer(() => yes(each)),
        ),
        button(
          t('people.no'),
          '',
          answer(() => say(each, 'DIFFERENT', t('people.said_no', { name }))),
        ),
        button(
          t('people.unsure'),
          'plain',
          answer(() => say(each, 'UNSURE', t('people.said_unsure', { name }))),
        ),
      ),
    );
  }

  async function show(side, user) {
    const found = await attempt(() =>
      deeds.call('Mien.ListPersonFaces', { UserId: user, MaxResults: SHOWN, SortBy: 'NEWEST' }),
    );
    if (found) fill(side, strip(found.Faces.map(({ Face }) => Face.FaceId)));
  }

  const strip = (ids) => ids.slice(0, SHOWN).map((id) => likeness(app, deeds.collection, id));

  async function yes(each) {
    if (each.OtherUserId) await deeds.merge(each, [each.OtherUserId]);
    else await deeds.name(await faces(each), { UserId: each.UserId });
  }

  async function say(each, verdict, text) {
    const other = each.OtherUserId ? { OtherUserId: each.OtherUserId } : { FaceIds: await faces(each) };
    await deeds.judge({ Verdict: verdict, UserId: each.UserId, ...other }, text);
  }

  const faces = (each) => (each.GroupId ? faceIds(deeds, each) : each.FaceIds);

  load();
  return { element, load };
}
