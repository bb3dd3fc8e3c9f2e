// The pictures this page still has, by the faces that were indexed from them. The server keeps none, and a reload
// loses them.

import { Picture, around, cut, pixels } from './picture.js';

/** What is remembered, until the page is closed. Files stay on the disk they came from; only small cuts are held. */
export class Album {
  constructor(queue) {
    this.queue = queue; // runs a few pieces of work at a time
    this.faces = new Map(); // FaceId → {picture, box, cut}
  }

  /** Remember a picture and the FaceRecords that IndexFaces answered for it. */
  remember(picture, records) {
    const page = { picture, faces: records.map(({ Face }) => ({ id: Face.FaceId, box: Face.BoundingBox })) };
    for (const each of page.faces) this.faces.set(each.id, { page, box: each.box, cut: null });
  }

  /** Whether the picture of a face is still here. */
  has(id) {
    return this.faces.has(id);
  }

  /** The picture of a face and all faces of it: {picture, faces: [{id, box}]}. */
  page(id) {
    return this.faces.get(id).page;
  }

  /** The face cut out of its picture, as the address of a small JPEG; null where it is not here. */
  async face(id) {
    const known = this.faces.get(id);
    if (!known) return null;
    known.cut ??= this.queue(() => small(known));
    return known.cut;
  }
}

async function small({ page, box }) {
  const image = await new Picture(page.picture.blob, page.picture.name).load();
  const region = around(pixels(box, image), 0.25, image);
  return URL.createObjectURL(await cut(image, region, Math.min(1, 160 / Math.max(region.width, region.height))));
}
