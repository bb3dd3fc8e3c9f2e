// The page Look: every face of one photograph, how it was measured, and whether it would be indexed.

import { attributes } from './attributes.js';
import { fill, h } from './dom.js';
import { dropZone } from './drop.js';
import { t } from './language.js';
import { living } from './living.js';
import { choice, failure, field, head, note, working } from './parts.js';
import { around, cut, pixels, prepare } from './picture.js';
import { chart, refusals, verdicts } from './quality.js';
import { viewer } from './viewer.js';
import { degrees, reason, turned } from './words.js';

const LEAST_FACE = 16; // pixels across that the detector needs

const tryLiveness = () => h('a', { class: 'button', href: '#/liveness', text: t('live.link') });

/** Makes the page. */
export function lookPage(app) {
  const stage = h(
    'div',
    { class: 'stack' },
    dropZone(t('look.drop'), t('look.drop_hint'), ([{ file }]) => look(file)),
  );
  let latest = 0;
  async function look(file) {
    const turn = ++latest;
    fill(stage, again(), working(t('look.looking', { name: file.name || t('look.the_picture') })));
    try {
      const picture = await prepare(file, app.api);
      const image = await picture.load();
      const { FaceDetails: faces } = await app.api.call('DetectFaces', {
        Image: await picture.image(),
        Attributes: ['ALL'],
      });
      if (turn === latest)
        fill(stage, again(), picture.note && note('plain', picture.note), ...result(app, image, faces, living(app, picture)));
    } catch (error) {
      if (turn === latest) fill(stage, again(), failure(error));
    }
  }
  const again = () =>
    dropZone(t('drop.another'), t('drop.how'), ([{ file }]) => look(file), { slim: true });
  return h('div', { class: 'stack page' }, head(t('look.title'), t('look.lead'), tryLiveness()), stage);
}

function result(app, image, faces, alive) {
  const bars = app.about?.quality_filters ?? {};
  let [filter, number] = ['AUTO' in bars ? 'AUTO' : '', 0];
  const place = h('div', { class: 'wide' });
  const panel = h('section', { class: 'card side', 'aria-label': t('look.chosen') });
  const found = h('p', { 'aria-live': 'polite' });
  let drawn;
  function draw() {
    fill(
      found,
      h('strong', { text: faces.length ? t('count.faces', { count: faces.length }) : t('look.no_face') }),
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
    if (faces.length) fill(panel, detail(faces[i], i, image, bars, filter, alive));
    else
      fill(
        panel,
        h('h2', { text: t('look.no_face') }),
        h('p', {
          class: 'quiet',
          text: t('look.no_face_why', { pixels: LEAST_FACE }),
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
    filter && faces.length > 0 && h('div', { class: 'inline' }, field(t('look.filter'), judge)),
  );
  return [bar, h('div', { class: 'split' }, place, panel)];
}

function told(faces, image, bar, filter) {
  const refused = bar ? faces.filter((face) => refusals(face, image, bar).length).length : 0;
  return refused > 0 && h('span', { class: 'quiet', text: t('look.refused_by', { count: refused, filter }) });
}

function marked(face, i, image, bar) {
  const codes = bar ? refusals(face, image, bar) : [];
  return {
    box: face.BoundingBox,
    landmarks: face.Landmarks,
    pose: face.Pose,
    kind: codes.length ? 'bad' : 'good',
    label: String(i + 1),
    name: t(codes.length ? 'look.refused' : 'viewer.face', { number: i + 1, reasons: codes.map(reason).join(' ') }),
  };
}

function detail(face, i, image, bars, filter, alive) {
  const crop = h('img', { class: 'portrait', alt: '' });
  portrait(crop, face.BoundingBox, image);
  const box = pixels(face.BoundingBox, image);
  const facts = h(
    'dl',
    { class: 'facts' },
    [
      [t('look.looks'), turned(face.Pose)],
      [
        t('look.angles'),
        [face.Pose.Roll, face.Pose.Yaw, face.Pose.Pitch].map(degrees).join(' · '),
      ],
      [
        t('look.box'),
        t('look.box_at', Object.fromEntries(Object.entries(box).map(([side, at]) => [side, Math.round(at)]))),
      ],
    ].map(([name, value]) => [h('dt', { text: name }), h('dd', { text: value })]),
  );
  const parts = [h('div', { class: 'row top' }, crop, h('div', {}, h('h2', { text: t('viewer.face', { number: i + 1 }) }), facts))];
  if (filter) {
    parts.push(h('h3', { text: t('look.measured', { filter }) }), chart(face, image, bars[filter]));
    parts.push(h('h3', { text: t('look.would_it') }), verdicts(face, image, bars));
    parts.push(
      h('p', { class: 'quiet small', text: t('look.contrast') }),
    );
  }
  parts.push(h('h3', { text: t('look.living') }), alive(i));
  parts.push(h('h3', { text: t('look.attributes') }), attributes(face));
  parts.push(
    h('p', { class: 'quiet small', text: t('look.attributes_why') }),
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
