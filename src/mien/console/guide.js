// Where a face is in the camera's picture, and what its owner is asked to do next. It knows nothing of the page.

const RATIO = 1.618; // height of a face and of the oval by their width
const STATIC = 0.8; // width of the oval in the middle, by which a distance is judged, in widths of a picture of 3:4
const SIZE = 0.12; // by how much a face may be larger than the oval, as a share of its width

/** Returns the rectangle around a face in pixels, as the server measures it (`liveness/placement.py`). */
export function measured({ Landmarks: landmarks }, { width, height }) {
  const [left, right, nose, ...mouth] = ['eyeLeft', 'eyeRight', 'nose', 'mouthLeft', 'mouthRight'].map((type) => {
    const { X, Y } = landmarks.find((each) => each.Type === type);
    return [X * width, Y * height];
  });
  const [eyes, lips] = [middle(left, right), middle(...mouth)];
  const apart = distance(left, right);
  const wide = (2 * apart + 1.8 * distance(eyes, lips)) / 2;
  const [x, y] = middle(eyes, nose);
  return { left: x - wide / 2, top: y - (RATIO * wide) / 2, width: wide, height: RATIO * wide, apart };
}

/** Returns what must change before a session begins: 'nobody', 'several', 'back', or null if the face is far enough. */
export function before(faces, size, config) {
  if (!faces.length) return 'nobody';
  if (!isAlone(faces)) return 'several';
  const oval = STATIC * Math.min(size.width, 0.75 * size.height);
  return measured(faces[0], size).apart / oval > config.FaceDistanceThreshold ? 'back' : null;
}

/** Returns what must change until the face fills the oval: 'closer', 'back', 'middle', 'nobody', 'several', or null. */
export function within(faces, size, oval, config) {
  if (!faces.length) return 'nobody';
  if (!isAlone(faces)) return 'several';
  const face = measured(faces[0], size);
  if (overlap(face, oval, size) >= config.OvalIouThreshold) return null;
  if (face.width > (1 + SIZE) * oval.Width) return 'back';
  return face.width < (1 - SIZE) * oval.Width ? 'closer' : 'middle';
}

/** Tells whether there is one face but for people far behind. */
function isAlone([first, second]) {
  return !second || 3 * second.BoundingBox.Height < first.BoundingBox.Height;
}

/** Returns intersection over union of a face and the rectangle around the oval; what is outside the picture is cut. */
function overlap(face, { CenterX, CenterY, Width, Height }, size) {
  const [top, bottom] = [Math.max(0, face.top), Math.min(size.height, face.top + face.height)];
  const across = Math.min(face.left + face.width, CenterX + Width / 2) - Math.max(face.left, CenterX - Width / 2);
  const down = Math.min(bottom, CenterY + Height / 2) - Math.max(top, CenterY - Height / 2);
  const common = Math.max(0, across) * Math.max(0, down);
  return common / (face.width * (bottom - top) + Width * Height - common);
}

function middle([x, y], [a, b]) {
  return [(x + a) / 2, (y + b) / 2];
}

function distance([x, y], [a, b]) {
  return Math.hypot(x - a, y - b);
}
