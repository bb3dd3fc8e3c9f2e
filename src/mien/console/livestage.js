// What the camera sees during a liveness check, over the whole window: the oval, and the colours that light the face.

import { h } from './dom.js';
import { t } from './language.js';
import { button } from './parts.js';

/** Makes the stage of a camera's stream. `cancel`: called where the user leaves it. */
export class Stage {
  constructor(camera, cancel) {
    this.video = Object.assign(h('video', { playsInline: true }), { muted: true, srcObject: camera });
    this.rim = h('div', { class: 'rim', hidden: true });
    this.lens = h('div', { class: 'lens' }, this.video, this.rim);
    this.colour = h('div', { class: 'colour' });
    this.told = h('p', { class: 'told', role: 'status' });
    const bar = h('div', { class: 'live-bar' }, this.told, button(t('parts.cancel'), '', () => this.dialog.close()));
    this.dialog = h('dialog', { class: 'live', 'aria-label': t('live.title') }, this.colour, this.lens, bar);
    this.dialog.addEventListener('close', () => {
      this.dialog.remove();
      cancel();
    });
  }

  /** Shows the stage; resolves to the size of the camera's picture once it is there. */
  async open() {
    document.body.append(this.dialog);
    this.dialog.showModal();
    await this.video.play();
    const { videoWidth: width, videoHeight: height } = this.video;
    this.lens.style.setProperty('--ratio', width / height);
    this.size = { width, height };
    return this.size;
  }

  close() {
    this.dialog.close();
  }

  /** Says what to do. */
  say(text) {
    if (this.told.textContent !== text) this.told.textContent = text;
  }

  /** Shows where the face belongs. */
  showOval({ CenterX, CenterY, Width, Height }) {
    const { width, height } = this.size;
    const [across, down] = [(value) => `${(100 * value) / width}%`, (value) => `${(100 * value) / height}%`];
    const { style } = this.rim;
    [style.left, style.width] = [across(CenterX - Width / 2), across(Width)];
    [style.top, style.height] = [down(CenterY - Height / 2), down(Height)];
    this.oval = `ellipse(${across(Width / 2)} ${down(Height / 2)} at ${across(CenterX)} ${down(CenterY)})`;
    this.rim.hidden = false;
  }

  /**
   * Shows the colours one after another; only the oval remains of the camera's picture. `began`: called as each begins,
   * with its place and its red, green and blue.
   */
  async flash(sequence, began, signal) {
    this.lens.style.clipPath = this.oval;
    this.rim.hidden = true;
    let before = 'rgb(0 0 0)';
    for (const [i, { FreshnessColor: { RGB: rgb }, DownscrollDuration: scroll, FlatDisplayDuration: flat }] of sequence.entries()) {
      signal.throwIfAborted();
      const now = `rgb(${rgb.join(' ')})`;
      began(i, rgb);
      await this.#cover(before, now, scroll, scroll + flat);
      before = now;
    }
    this.lens.style.clipPath = '';
    this.colour.style.background = '';
  }

  /** Lets a colour come down over the one before, in `scroll` milliseconds of `all`. */
  #cover(before, now, scroll, all) {
    const start = performance.now();
    return new Promise((resolve) => {
      const step = () => {
        const gone = performance.now() - start;
        const share = scroll ? Math.min(1, gone / scroll) : 1;
        const edge = `${100 * share}%`;
        this.colour.style.background = `linear-gradient(${now} ${edge}, ${before} ${edge})`;
        if (gone < all) requestAnimationFrame(step);
        else resolve();
      };
      step();
    });
  }
}
