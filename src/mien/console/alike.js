// How alike two embeddings are, on the server's scale (`face/similarity.py`).

const NEARING = 32; // power of the cosine by which lost length is compensated

/** Reads an embedding as the API sends it: float32, little-endian, in base64. */
export function vector(base64) {
  const view = new DataView(Uint8Array.from(atob(base64), (each) => each.charCodeAt(0)).buffer);
  return Float32Array.from({ length: view.byteLength / 4 }, (_, i) => view.getFloat32(4 * i, true));
}

/**
 * Returns the similarity of two embeddings, 0–100.
 * `scores`: [[similarity, score]], both rising, as about.json has them; straight between two of them.
 */
export function similarity(one, other, scores) {
  const whole = Math.max(1e-6, Math.sqrt(product(one, one) * product(other, other)));
  const plain = product(one, other);
  const score = plain + (1 - whole) * Math.min(1, Math.max(0, plain / whole)) ** NEARING;
  const next = scores.findIndex(([, reached]) => score <= reached);
  if (next === 0) return scores[0][0];
  if (next < 0) return 100;
  const [[low, from], [high, to]] = [scores[next - 1], scores[next]];
  return low + ((high - low) * (score - from)) / (to - from);
}

function product(one, other) {
  let sum = 0;
  for (let i = 0; i < one.length; i++) sum += one[i] * other[i];
  return sum;
}
