// A film that plays, with boxes over the faces. Boxes are buttons, so that the keyboard reaches each face.

import { fill, h, icon } from './dom.js';
import { t } from './language.js';
import { iconButton } from './parts.js';
import { paint, place } from './viewer.js';

/**
 * Makes the player. `url`: of the film; `length`: its milliseconds; `faces`: (milliseconds) → [{id, box, kind, label,
 * name, isChosen}]; `choose`: called with the id of a face; `moved`: with the time, whenever it changes. Returns the
 * element, `seek(milliseconds)`, `now()`, `pause()` and `fresh()`, which draws the boxes again.
 */
export function player(url, { length, faces, choose, moved }) {
  const video = h('video', { src: url, preload: 'auto', playsInline: true, tabIndex: -1 });
  const layer = h('div', { class: 'faces-over' });
  const boxes = new Map(); // id → button
  const where = h('input', { type: 'range', min: 0, max: Math.round(length), step: 'any', value: 0, 'aria-label': t('film.place') });
  const time = h('span', { class: 'quiet small clock' });
  const play = iconButton(t('film.play'), 'play', toggle, { 'data-key': 'k' });
  const sound = iconButton(t('film.mute'), 'sound', mute);

  function toggle() {
    if (video.paused) video.play().catch(() => {}); // the film may be taken away meanwhile
    else video.pause();
  }

  function mute() {
    video.muted = !video.muted;
  }

  function label(made, name, drawing) {
    made.title = name;
    made.setAttribute('aria-label', name);
    fill(made, icon(drawing));
  }

  function fresh() {
    const now = 1000 * video.currentTime;
    const shown = faces(now);
    for (const [id, button] of boxes)
      if (!shown.some((each) => each.id === id)) {
        button.remove();
        boxes.delete(id);
      }
    for (const face of shown) {
      let button = boxes.get(face.id);
      if (!button) {
        button = h('button', { type: 'button', on: { click: () => choose(face.id) } });
        boxes.set(face.id, button);
        layer.append(button);
      }
      place(button, face.box);
      const drawn = [face.label, face.kind, face.isChosen, face.box.Left > 0.6, face.box.Top + face.box.Height > 0.9].join();
      if (button.drawn === drawn) continue;
      button.drawn = drawn;
      paint(button, face);
      button.classList.toggle('chosen', face.isChosen);
    }
    where.value = now;
    where.setAttribute('aria-valuetext', clock(now));
    moved(now);
    time.textContent = `${clock(now)} / ${clock(length)}`;
  }

  function follow() {
    fresh();
    if (!video.paused && video.isConnected) requestAnimationFrame(follow);
  }

  function seek(to) {
    video.currentTime = to / 1000;
  }

  where.addEventListener('input', () => seek(Number(where.value)));
  video.addEventListener('click', toggle);
  for (const event of ['seeked', 'pause', 'loadeddata', 'timeupdate']) video.addEventListener(event, fresh);
  video.addEventListener('play', () => label(play, t('film.pause'), 'pause'));
  video.addEventListener('pause', () => label(play, t('film.play'), 'play'));
  video.addEventListener('play', follow);
  video.addEventListener('volumechange', () =>
    video.muted ? label(sound, t('film.unmute'), 'silent') : label(sound, t('film.mute'), 'sound'),
  );
  const screen = h('figure', { class: 'viewer' }, video, layer);
  video.addEventListener('loadedmetadata', () => {
    screen.style.aspectRatio = `${video.videoWidth} / ${video.videoHeight}`;
    screen.style.setProperty('--ratio', video.videoWidth / video.videoHeight);
  });
  const bar = h('div', { class: 'row playing' }, play, where, time, sound);
  return {
    element: h('div', { class: 'stack tight' }, screen, bar),
    seek,
    fresh,
    now: () => 1000 * video.currentTime,
    pause: () => video.pause(),
  };
}

/** Formats a time of a film: 1:05, or 1:00:05. */
export function clock(milliseconds) {
  const whole = Math.floor(milliseconds / 1000);
  const [hours, minutes, seconds] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (value) => String(value).padStart(2, '0');
  return hours ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
}
