// Numbers and codes in words.

/** How seldom two strangers score this similarity: 0–1; see mien/face/score.py. Null beyond what was measured. */
export function falseMatchRate(similarity) {
  if (similarity > 95) return null;
  if (similarity > 90) return 10 ** (-5 - (similarity - 90) / 5);
  if (similarity > 80) return 10 ** (-4 - (similarity - 80) / 10);
  return 10 ** (-similarity / 20);
}

/** A similarity as a sentence about strangers. */
export function strangers(similarity) {
  const rate = falseMatchRate(similarity);
  if (rate === null) return 'Fewer than one stranger in a million scores this high.';
  if (rate > 0.5) return 'Most strangers score this high.';
  return `About one stranger in ${count(1 / rate)} scores this high.`;
}

/** The share of strangers who score this similarity, in few words for a line of a list. */
export function strangersBriefly(similarity) {
  const rate = falseMatchRate(similarity);
  if (rate === null) return 'under 1 in a million';
  return rate > 0.5 ? 'most strangers' : `1 in ${count(1 / rate)}`;
}

/** A similarity as a careful verdict. */
export function verdict(similarity) {
  if (similarity >= 95) return 'Very likely the same person';
  if (similarity >= 80) return 'Likely the same person';
  if (similarity >= 60) return 'Unclear';
  return 'Probably two people';
}

/** The share of strangers who would find a match among `amount` faces or users at a threshold, in words. */
export function crowd(similarity, amount, noun) {
  if (!amount) return '';
  const rate = falseMatchRate(similarity) ?? 1e-6;
  const share = -Math.expm1(amount * Math.log1p(-rate));
  const at = similarity > 95 ? 'at most ' : 'about ';
  const among = amount === 1 ? `the one ${noun}` : `the ${number(amount)} ${noun}s`;
  if (share < 0.01) return `A stranger finds a match among ${among} here with ${at}one chance in ${count(1 / share)}.`;
  return `A stranger finds a match among ${among} here with ${at}${Math.round(100 * share)} chances in 100.`;
}

/** Two significant digits, with thousands apart: 23,000. */
function count(value) {
  const scale = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 1);
  return number(Math.round(value / scale) * scale);
}

/** A whole number with thousands apart. */
export function number(value) {
  return new Intl.NumberFormat('en').format(value);
}

/** "1 face", "2 faces". */
export function plural(amount, one, many = `${one}s`) {
  return `${number(amount)} ${amount === 1 ? one : many}`;
}

/** A similarity as it is shown; never rounded up to 100. */
export function score(similarity) {
  return (Math.floor(similarity * 10) / 10).toFixed(similarity === 100 ? 0 : 1);
}

/** Bytes in the unit that suits them. */
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
  EXCEEDS_MAX_FACES: 'Better faces of the picture were taken.',
  LOW_MATCH_CONFIDENCE: 'It is not like the other faces of the user.',
  ASSOCIATED_TO_A_DIFFERENT_USER: 'It belongs to another user.',
  ASSOCIATED_TO_AN_EXISTING_USER: 'It belongs to a user; take it from the user first.',
  FACE_NOT_FOUND: 'It is no longer there.',
};

/** Why a face was refused, as a sentence. */
export function reason(code) {
  return REASONS[code] ?? code;
}

const ERRORS = {
  Unreachable: 'The server does not answer. Is it running?',
  InvalidImageFormatException: 'This is not a whole JPEG or PNG.',
  ImageTooLargeException: 'The picture has too many pixels; a side may have 10,000.',
  ThrottlingException: 'The server is busy and stayed busy. Try again in a while.',
  ProvisionedThroughputExceededException: 'This key has used up its rate. Try again in a while.',
  ResourceAlreadyExistsException: 'There is a collection of this name already.',
  MissingAuthenticationTokenException: 'The server asks for an access key.',
  UnrecognizedClientException: 'Nobody has this access key.',
  InvalidSignatureException: 'The secret does not belong to this access key.',
  InternalServerError: 'The server failed; its log says why.',
};

/** An error as a sentence. */
export function sentence(error) {
  if (error.code === 'InvalidParameterException' && error.message === 'Request has invalid parameters') {
    return 'The picture is too small (a side needs 80 pixels), or shows no face where one is needed.';
  }
  if (error.code === 'InvalidSignatureException' && error.message.startsWith('Signature')) {
    return 'The clocks of this computer and of the server differ by more than five minutes.';
  }
  const denied = /not authorized to perform: rekognition:(\w+) on resource: (\S+)/.exec(error.message);
  if (denied)
    return `This key may not call ${denied[1]}${denied[2] === '*' ? '' : ` on ${denied[2].split('/').pop()}`}.`;
  const known = ERRORS[error.code];
  if (known) return known;
  if (error.code === 'Http413') return 'The request is too large for the server.';
  if (/^Http/.test(error.code)) return `Something between this page and the server answered ${error.code.slice(4)}.`;
  return /[.!?]$/.test(error.message) ? error.message : `${error.message}.`;
}

/** How a head is turned, in words; degrees as the API has them: yaw to the picture's right, pitch up, roll clockwise. */
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
