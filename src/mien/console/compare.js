// The page Compare: two photographs, the similarity of their faces, and what it means.

import { fill, h } from './dom.js';
import { dropZone } from './drop.js';
import { t } from './language.js';
import { button, failure, head, note, working } from './parts.js';
import { prepare } from './picture.js';
import { viewer } from './viewer.js';
import { score, strangers, verdict } from './words.js';

const LEAST_SIDE = 80; // pixels of a picture that the API takes

/** Makes the page. */
export function comparePage(app) {
  const sides = [{ name: t('compare.first') }, { name: t('compare.second') }];
  for (const side of sides) side.element = h('section', { class: 'stack', 'aria-label': side.name });
  const answer = h('div', { class: 'stack', 'aria-live': 'polite' });
  let latest = 0;

  async function take(side, file) {
    Object.assign(side, { picture: null, image: null, faces: [], wrong: null });
    try {
      side.picture = await prepare(file, app.api);
      side.image = await side.picture.load();
    } catch (error) {
      side.wrong = error;
    }
    await compare();
  }

  function draw(side, choose) {
    const zone = dropZone(
      side.picture ? t('drop.another') : side.name,
      t('drop.how'),
      ([{ file }]) => take(side, file),
      { slim: Boolean(side.picture) },
    );
    const shown = side.image && viewer(side.image, side.faces ?? [], choose);
    side.view = shown;
    fill(
      side.element,
      zone,
      side.wrong && failure(side.wrong),
      side.picture?.note && note('plain', side.picture.note),
      shown?.element,
    );
  }

  async function compare() {
    const turn = ++latest;
    for (const side of sides) {
      side.faces = [];
      draw(side);
    }
    if (!sides.every((side) => side.picture)) return void fill(answer);
    fill(answer, working(t('compare.working')));
    try {
      const [SourceImage, TargetImage] = await Promise.all(sides.map((side) => side.picture.image()));
      const found = await app.api.call('CompareFaces', { SourceImage, TargetImage, SimilarityThreshold: 0 });
      if (turn === latest) show(found);
    } catch (error) {
      if (turn !== latest) return;
      const faceless = error.code === 'InvalidParameterException';
      fill(
        answer,
        faceless ? note('bad', t('compare.faceless', { pixels: LEAST_SIDE })) : failure(error),
      );
    }
  }

  function show({ SourceImageFace: source, FaceMatches: matches }) {
    const [first, second] = sides;
    first.faces = [{ box: source.BoundingBox, kind: 'good', name: t('compare.source') }];
    second.faces = matches.map(({ Face, Similarity }, i) => ({
      box: Face.BoundingBox,
      kind: Similarity >= 80 ? 'good' : Similarity >= 60 ? 'warn' : '',
      label: score(Similarity),
      name: t('compare.target', { number: i + 1, score: score(Similarity) }),
    }));
    const choose = (i) => {
      second.view.select(i);
      fill(answer, meaning(matches[i].Similarity, matches.length, i, app.about?.false_match_rates ?? []));
    };
    draw(first);
    draw(second, choose);
    choose(0);
  }

  function swap() {
    const [first, second] = sides.map(({ picture, image, wrong }) => ({ picture, image, wrong }));
    Object.assign(sides[0], second);
    Object.assign(sides[1], first);
    compare();
  }

  for (const side of sides) draw(side);
  const pair = h(
    'div',
    { class: 'pair' },
    sides.map((side) => side.element),
  );
  return h(
    'div',
    { class: 'stack page' },
    head(t('compare.title'), t('compare.lead'), button(t('compare.swap'), 'brief', swap, 'swap')),
    answer,
    pair,
  );
}

function meaning(similarity, faces, i, rates) {
  const needle = h('span', { class: 'needle' });
  needle.style.left = `${similarity}%`;
  const marks = [0, 20, 40, 60, 80, 90, 99].map((at) => {
    const mark = h('span', { class: 'tick', text: String(at) });
    mark.style.left = `${at}%`;
    return mark;
  });
  const kind = similarity >= 80 ? 'good' : similarity >= 60 ? 'warn' : 'low';
  return h(
    'section',
    { class: `card meaning ${kind}` },
    h(
      'div',
      { class: 'figure' },
      h('span', { class: 'unseen', text: t('compare.similarity') }),
      h('output', { text: score(similarity) }),
      h('span', { class: 'quiet', text: t('compare.of_100') }),
    ),
    h(
      'div',
      { class: 'stack tight' },
      h('h2', { text: verdict(similarity) }),
      h('p', { class: 'strangers', text: strangers(similarity, rates) }),
      faces > 1 &&
        h('p', {
          class: 'quiet small',
          text: t('compare.which', { number: i + 1, count: faces }),
        }),
    ),
    h('div', { class: 'scale', 'aria-hidden': 'true' }, needle, marks),
  );
}
