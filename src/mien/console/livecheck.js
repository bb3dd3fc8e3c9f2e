// One liveness check: the camera, the session, what its owner is asked to do, and the film that goes to the server.

import { before, measured, within } from './guide.js';
import { t } from './language.js';
import { LiveStream } from './livestream.js';
import { Stage } from './livestage.js';
import { base64 } from './picture.js';
import { jpeg } from './sampling.js';

const MOVEMENT = 'FaceMovementChallenge_1.0.0';
const LIGHT = ['FaceMovementAndLightChallenge_2.0.0', 'FaceMovementAndLightChallenge_1.0.0'];
const KINDS = ['video/webm;codecs=vp8', 'video/webm', 'video/mp4']; // of films, as browsers record them
const BITS = 1_000_000; // a second of the film
const PART = 250; // milliseconds of the film that are sent together
const LOOKED = 640; // pixels of the longer side of a picture that is looked at to guide
const EVERY = 100; // milliseconds between two looks
const READY = 60_000; // milliseconds to get ready in
const HELD = 1000; // milliseconds for which the face must stay where there are no colours
const SURE = 2; // looks in a row that must be good

/** Makes a check; resolves to the SessionId once it was judged, or to null where the user left it. */
export async function liveCheck(app, withColours) {
  const leaving = new AbortController();
  const camera = await opened();
  const stage = new Stage(camera, () => leaving.abort());
  let stream = null;
  try {
    const size = await stage.open();
    const asked = withColours ? {} : { Settings: { ChallengePreferences: [{ Type: MOVEMENT.split('_')[0] }] } };
    const { SessionId: session } = await app.api.call('CreateFaceLivenessSession', asked, leaving.signal);
    stream = await LiveStream.open(app.api, session, size, withColours ? LIGHT : [MOVEMENT]);
    await acted(app, { camera, stage, stream, signal: leaving.signal });
    stage.say(t('live.judging'));
    await stream.verdict();
    return session;
  } catch (error) {
    if (leaving.signal.aborted) return null;
    throw stream?.problem ?? error;
  } finally {
    for (const track of camera.getTracks()) track.stop();
    stream?.close();
    if (!leaving.signal.aborted) stage.close();
  }
}

/** Opens the camera; throws a sentence where there is none, or it may not be used. */
async function opened() {
  if (!navigator.mediaDevices) throw new Error(t('live.insecure'));
  const video = { facingMode: 'user', width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 } };
  try {
    return await navigator.mediaDevices.getUserMedia({ video, audio: false });
  } catch (error) {
    throw new Error(t(error.name === 'NotAllowedError' ? 'live.denied' : 'live.no_camera'));
  }
}

/** Leads through the challenge, and sends the film of it. */
async function acted(app, { camera, stage, stream, signal }) {
  const { size } = stage;
  const { OvalParameters: oval, ChallengeConfig: config, ColorSequences: colours } = stream.challenge;
  const guide = guided(app, stage, signal);
  const face = await guide((faces) => before(faces, size, config), READY);
  const film = recorded(camera, stream);
  const began = await film.began;
  const first = { InitialFaceDetectedTimestamp: began, BoundingBox: share(measured(face, size), size) };
  stream.tell({ VideoStartTimestamp: began, InitialFace: first });
  stage.showOval(oval);
  await guide((faces) => within(faces, size, oval, config), config.OvalFitTimeout);
  const reached = Date.now();
  stage.say(t('live.hold'));
  if (colours) await stage.flash(colours, (i, rgb) => stream.tell({ ColorDisplayed: shown(i, rgb) }), signal);
  else await paused(HELD);
  signal.throwIfAborted();
  const ended = Date.now();
  await film.end();
  const { CenterX, CenterY, Width, Height } = oval;
  const box = share({ left: CenterX - Width / 2, top: CenterY - Height / 2, width: Width, height: Height }, size);
  const target = {
    BoundingBox: box,
    FaceDetectedInTargetPositionStartTimestamp: reached,
    FaceDetectedInTargetPositionEndTimestamp: ended,
  };
  stream.tell({ TargetFace: target, VideoEndTimestamp: ended });
  stream.film(new Blob());
}

/** Returns what says what to do until `missing` (faces) → what is missing, or null; it resolves to the face then. */
function guided(app, stage, signal) {
  const canvas = document.createElement('canvas');
  return async (missing, most) => {
    const end = performance.now() + most;
    for (let good = 0; ;) {
      const faces = await looked(app, stage.video, canvas, signal);
      const what = missing(faces);
      good = what ? 0 : good + 1;
      if (good === SURE) return faces[0];
      stage.say(t(`live.${what ?? 'hold'}`));
      if (performance.now() > end) throw new Error(t('live.late'));
      await paused(EVERY);
      signal.throwIfAborted();
    }
  };
}

async function looked(app, video, canvas, signal) {
  const scale = Math.min(1, LOOKED / Math.max(video.videoWidth, video.videoHeight));
  canvas.width = Math.round(scale * video.videoWidth);
  canvas.height = Math.round(scale * video.videoHeight);
  canvas.getContext('2d').drawImage(video, 0, 0, canvas.width, canvas.height);
  const image = { Bytes: await base64(await jpeg(canvas, 0.8)) };
  const { FaceDetails: faces } = await app.api.call('DetectFaces', { Image: image }, signal);
  return faces;
}

/** Records the camera's picture and sends it. Returns `began`, a promise of when it began, and `end`. */
function recorded(camera, stream) {
  const mimeType = KINDS.find((each) => MediaRecorder.isTypeSupported(each));
  const recorder = new MediaRecorder(camera, { mimeType, videoBitsPerSecond: BITS });
  recorder.ondataavailable = ({ data }) => data.size && stream.film(data);
  const began = new Promise((resolve) => {
    recorder.onstart = () => resolve(Date.now());
  });
  recorder.start(PART);
  const end = () =>
    new Promise((resolve) => {
      recorder.onstop = resolve;
      recorder.stop();
    });
  return { began, end };
}

function shown(i, rgb) {
  return { SequenceNumber: i, CurrentColor: { RGB: rgb }, CurrentColorStartTimestamp: Date.now() };
}

/** Returns a rectangle in pixels as the API has boxes. */
function share({ left, top, width, height }, size) {
  return { Left: left / size.width, Top: top / size.height, Width: width / size.width, Height: height / size.height };
}

function paused(milliseconds) {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
