// The photographs that this page still has, by the faces indexed from them. The server keeps none; a reload loses
// them.

import { Picture, around, cut, pixels } from './picture.js';

/** Photographs by face, until the page is closed. Files stay on the disk; only small crops are in memory. */
export class Album {
  constructor(queue) {
    this.queue = queue; // runs a few pieces of work at a time
    this.faces = new Map(); // FaceId → {picture, box, cut}
  }

  /** Remembers a picture and the FaceRecords that IndexFaces answered for it in a collection. */
  remember(picture, records, collection) {
    const page = { picture, collection, faces: records.map(({ Face }) => ({ id: Face.FaceId, box: Face.BoundingBox })) };
    for (const each of page.faces) this.faces.set(each.id, { page, box: each.box, cut: null });
  }

  /** Tells whether the picture of a face is still here. */
  has(id) {
    return this.faces.has(id);
  }

  /** Returns the picture of a face and all its faces: {picture, collection, faces: [{id, box}]}. */
  page(id) {
    return this.faces.get(id).page;
  }

  /** Returns the address of a small JPEG of the face, cropped from its picture; null where that is not here. */
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
