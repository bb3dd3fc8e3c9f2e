// Boxes as the API has them: shares of the picture.

/** Returns intersection over union of two boxes, 0–1. */
export function overlap(one, other) {
  const width = Math.min(one.Left + one.Width, other.Left + other.Width) - Math.max(one.Left, other.Left);
  const height = Math.min(one.Top + one.Height, other.Top + other.Height) - Math.max(one.Top, other.Top);
  if (width <= 0 || height <= 0) return 0;
  return (width * height) / (one.Width * one.Height + other.Width * other.Height - width * height);
}
