// Puts numbers and codes into words.

const RAREST_MEASURED = 0.9e-6; // packs are calibrated on enough pairs of strangers for one in a million, and no rarer

/**
 * Returns the share of pairs of strangers that reach this similarity, 0–1; null beyond the last.
 * `rates`: [[similarity, share]], rising, as about.json has them; the share's logarithm is linear between two of them.
 */
export function falseMatchRate(similarity, rates) {
  const knots = [[0, 1], ...rates];
  const next = knots.findIndex(([reached]) => similarity <= reached);
  if (next < 0) return null;
  if (next === 0) return 1;
  const [[from, high], [to, low]] = [knots[next - 1], knots[next]];
  return high * (low / high) ** ((similarity - from) / (to - from));
}

/** Puts a similarity into a sentence about strangers; empty where the server does not say what it stands for. */
export function strangers(similarity, rates) {
  if (!rates.length) return '';
  const rate = falseMatchRate(similarity, rates);
  if (rate === null) return `Fewer than one stranger in ${rarest(rates)} scores this high, by extrapolation.`;
  if (rate > 0.5) return 'Most strangers score this high.';
  const how = rate < RAREST_MEASURED ? ', by extrapolation' : '';
  return `About one stranger in ${count(1 / rate)} scores this high${how}.`;
}

/** Puts the share of strangers who reach this similarity into few words for a line of a list. */
export function strangersBriefly(similarity, rates) {
  if (!rates.length) return '';
  const rate = falseMatchRate(similarity, rates);
  if (rate === null) return `under 1 in ${rarest(rates)}`;
  return rate > 0.5 ? 'most strangers' : `1 in ${count(1 / rate)}`;
}

/** Returns how many pairs hold one false match at the highest similarity that has a rate. */
function rarest(rates) {
  return count(1 / rates.at(-1)[1]);
}

/** Returns a careful verdict on a similarity. */
export function verdict(similarity) {
  if (similarity >= 99) return 'Very likely the same person';
  if (similarity >= 80) return 'Likely the same person';
  if (similarity >= 60) return 'Unclear';
  return 'Probably two people';
}

/** Puts the share of strangers who would match one of `amount` faces or users at a threshold into words. */
export function crowd(similarity, amount, noun, rates) {
  if (!amount || !rates.length) return '';
  const known = falseMatchRate(similarity, rates);
  const rate = known ?? rates.at(-1)[1];
  const share = -Math.expm1(amount * Math.log1p(-rate));
  const at = known === null ? 'at most ' : 'about ';
  const among = amount === 1 ? `the one ${noun}` : `the ${number(amount)} ${noun}s`;
  if (share < 0.01) return `A stranger finds a match among ${among} here with ${at}one chance in ${count(1 / share)}.`;
  return `A stranger finds a match among ${among} here with ${at}${Math.round(100 * share)} chances in 100.`;
}

/** Rounds to two significant digits: 23,000. */
function count(value) {
  const scale = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 1);
  return number(Math.round(value / scale) * scale);
}

/** Formats a whole number with a separator for thousands. */
export function number(value) {
  return new Intl.NumberFormat('en').format(value);
}

/** Formats a number with its noun: "1 face", "2 faces". */
export function plural(amount, one, many = `${one}s`) {
  return `${number(amount)} ${amount === 1 ? one : many}`;
}

/** Formats a similarity; it is never rounded up to 100. */
export function score(similarity) {
  return (Math.floor(similarity * 10) / 10).toFixed(similarity === 100 ? 0 : 1);
}

/** Formats bytes in a suitable unit. */
export function bytes(amount) {
  const units = ['bytes', 'KB', 'MB', 'GB', 'TB'];
  const step = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, amount)) / 3));
  return `${(amount / 1000 ** step).toFixed(step > 1 ? 1 : 0)} ${units[step]}`;
}

const REASONS = {
  EXTREME_POSE: 'The head is turned too far.',
  LOW_BRIGHTNESS: 'The face is too dark.',
  LOW_SHARPNESS: 'The face is blurred.',
  LOW_CONFIDENCE: 'It may not be a face.',
  SMALL_BOUNDING_BOX: 'The face is too small.',
  LOW_FACE_QUALITY: 'The face has too little contrast.',
  EXCEEDS_MAX_FACES: 'The photograph has better faces.',
  LOW_MATCH_CONFIDENCE: 'It is not like the other faces of the user.',
  ASSOCIATED_TO_A_DIFFERENT_USER: 'It belongs to another user.',
  ASSOCIATED_TO_AN_EXISTING_USER: 'It belongs to a user; take it from the user first.',
  FACE_NOT_FOUND: 'It is no longer there.',
};

/** Explains in a sentence why a face was refused. */
export function reason(code) {
  return REASONS[code] ?? code;
}

const ERRORS = {
  Unreachable: 'The server does not answer. Is it running?',
  InvalidImageFormatException: 'This is not a complete JPEG or PNG.',
  ImageTooLargeException: 'The picture is too large; a side may have 10,000 pixels.',
  ThrottlingException: 'The server is busy. Try again in a while.',
  ProvisionedThroughputExceededException: 'This key has used up its rate. Try again in a while.',
  ResourceAlreadyExistsException: 'A collection of this name exists already.',
  MissingAuthenticationTokenException: 'The server requires an access key.',
  UnrecognizedClientException: 'The server does not know this access key.',
  InvalidSignatureException: 'The secret does not belong to this access key.',
  InternalServerError: 'The server failed; its log says why.',
};

/** Explains an error in a sentence. */
export function sentence(error) {
  if (error.code === 'InvalidParameterException' && error.message === 'Request has invalid parameters') {
    return 'The picture is too small (a side needs 80 pixels), or shows no face where one is needed.';
  }
  if (error.code === 'InvalidSignatureException' && error.message.startsWith('Signature')) {
    return 'The clocks of this computer and of the server differ by more than five minutes.';
  }
  const denied = /not authorized to perform: (?:rekognition|mien):(\w+) on resource: (\S+)/.exec(error.message);
  if (denied)
    return `This key may not call ${denied[1]}${denied[2] === '*' ? '' : ` on ${denied[2].split('/').pop()}`}.`;
  const known = ERRORS[error.code];
  if (known) return known;
  if (error.code === 'Http413') return 'The request is too large for the server.';
  if (/^Http/.test(error.code)) return `Something between this page and the server answered ${error.code.slice(4)}.`;
  return /[.!?]$/.test(error.message) ? error.message : `${error.message}.`;
}

/** Describes a head's pose; degrees as in the API: yaw to the picture's right, pitch up, roll clockwise. */
export function turned({ Yaw, Pitch, Roll }) {
  const parts = [
    [Yaw, 'to the picture’s right', 'to the picture’s left'],
    [Pitch, 'up', 'down'],
    [Roll, 'tilted clockwise', 'tilted anticlockwise'],
  ]
    .filter(([angle]) => Math.abs(angle) >= 8)
    .map(([angle, more, less]) => `${Math.abs(Math.round(angle))}° ${angle > 0 ? more : less}`);
  return parts.length ? parts.join(', ') : 'straight ahead';
}
