// The page Look: every face of one photograph, how it was measured, and whether it would be indexed.

import { attributes } from './attributes.js';
import { fill, h } from './dom.js';
import { dropZone } from './drop.js';
import { choice, failure, field, head, note, working } from './parts.js';
import { around, cut, pixels, prepare } from './picture.js';
import { chart, refusals, verdicts } from './quality.js';
import { viewer } from './viewer.js';
import { plural, reason, turned } from './words.js';

const TITLE = 'Drop a photograph';
const HINT = 'or paste one. It is sent only to this server, which does not keep it.';

/** Makes the page. */
export function lookPage(app) {
  const stage = h(
    'div',
    { class: 'stack' },
    dropZone(TITLE, HINT, ([{ file }]) => look(file)),
  );
  let latest = 0;
  async function look(file) {
    const turn = ++latest;
    fill(stage, again(), working(`Looking at ${file.name || 'the picture'} …`));
    try {
      const picture = await prepare(file);
      const image = await picture.load();
      const { FaceDetails: faces } = await app.api.call('DetectFaces', {
        Image: await picture.image(),
        Attributes: ['ALL'],
      });
      if (turn === latest)
        fill(stage, again(), picture.note && note('plain', picture.note), ...result(app, image, faces));
    } catch (error) {
      if (turn === latest) fill(stage, again(), failure(error));
    }
  }
  const again = () =>
    dropZone('Another photograph', 'drop, choose, or paste', ([{ file }]) => look(file), { slim: true });
  const lead = 'Shows the faces that the server finds, their landmarks, pose, quality and attributes, and which it would refuse to index.';
  return h('div', { class: 'stack page' }, head('Look at a photograph', lead), stage);
}

function result(app, image, faces) {
  const bars = app.about?.quality_filters ?? {};
  let [filter, number] = ['AUTO' in bars ? 'AUTO' : '', 0];
  const place = h('div', { class: 'wide' });
  const panel = h('section', { class: 'card side', 'aria-label': 'The chosen face' });
  const found = h('p', { 'aria-live': 'polite' });
  let drawn;
  function draw() {
    fill(
      found,
      h('strong', { text: faces.length ? plural(faces.length, 'face') : 'No face' }),
      told(faces, image, bars[filter], filter),
    );
    drawn = viewer(
      image,
      faces.map((face, i) => marked(face, i, image, bars[filter])),
      choose,
    );
    fill(place, drawn.element);
    choose(number);
  }
  function choose(i) {
    number = i;
    drawn.select(i);
    if (faces.length) fill(panel, detail(faces[i], i, image, bars, filter));
    else
      fill(
        panel,
        h('h2', { text: 'No face' }),
        h('p', {
          class: 'quiet',
          text: 'A face needs about 16 pixels to be found, and more to be recognised.',
        }),
      );
  }
  draw();
  const judge = choice(
    Object.keys(bars).map((name) => [name, name]),
    filter,
    (value) => {
      filter = value;
      draw();
    },
  );
  const bar = h(
    'div',
    { class: 'row between' },
    found,
    filter && faces.length > 0 && h('div', { class: 'inline' }, field('Quality filter', judge)),
  );
  return [bar, h('div', { class: 'split' }, place, panel)];
}

function told(faces, image, bar, filter) {
  const refused = bar ? faces.filter((face) => refusals(face, image, bar).length).length : 0;
  return refused > 0 && h('span', { class: 'quiet', text: `, ${refused} refused by ${filter}` });
}

function marked(face, i, image, bar) {
  const codes = bar ? refusals(face, image, bar) : [];
  return {
    box: face.BoundingBox,
    landmarks: face.Landmarks,
    pose: face.Pose,
    kind: codes.length ? 'bad' : 'good',
    label: String(i + 1),
    name: `Face ${i + 1}${codes.length ? `, refused: ${codes.map(reason).join(' ')}` : ''}`,
  };
}

function detail(face, i, image, bars, filter) {
  const crop = h('img', { class: 'portrait', alt: '' });
  portrait(crop, face.BoundingBox, image);
  const box = pixels(face.BoundingBox, image);
  const facts = h(
    'dl',
    { class: 'facts' },
    [
      ['Looks', turned(face.Pose)],
      [
        'Roll, yaw, pitch',
        [face.Pose.Roll, face.Pose.Yaw, face.Pose.Pitch].map((angle) => `${Math.round(angle)}°`.replace('-', '−')).join(', '),
      ],
      [
        'Box',
        `${Math.round(box.width)} × ${Math.round(box.height)} px at ${Math.round(box.left)}, ${Math.round(box.top)}`,
      ],
    ].map(([name, value]) => [h('dt', { text: name }), h('dd', { text: value })]),
  );
  const parts = [h('div', { class: 'row top' }, crop, h('div', {}, h('h2', { text: `Face ${i + 1}` }), facts))];
  if (filter) {
    parts.push(h('h3', { text: `Measured, and what ${filter} needs` }), chart(face, image, bars[filter]));
    parts.push(h('h3', { text: 'Would it be indexed?' }), verdicts(face, image, bars));
    parts.push(
      h('p', { class: 'quiet small', text: 'Contrast is measured only while indexing, and can also refuse a face.' }),
    );
  }
  parts.push(h('h3', { text: 'Attributes' }), attributes(face));
  parts.push(
    h('p', {
      class: 'quiet small',
      text: 'Each with the probability that it is right. How often it is, and for whom less often, stands in the documentation.',
    }),
  );
  return h('div', { class: 'stack' }, parts);
}

/** Shows a face and its surroundings in an <img>. */
export async function portrait(element, box, image) {
  const region = around(pixels(box, image), 0.35, image);
  const blob = await cut(image, region, Math.min(1, 240 / Math.max(region.width, region.height)));
  const url = URL.createObjectURL(blob);
  element.addEventListener('load', () => URL.revokeObjectURL(url), { once: true });
  element.src = url;
}
