// Streams a film with AWS's client for StartFaceLivenessSession; writes what came of it as JSON.
// "http" is the client as Node has it; "socket" gives it the handler that it has in a browser.
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import * as websocket from '@aws-sdk/middleware-websocket';
import { RekognitionStreamingClient, StartFaceLivenessSessionCommand } from '@aws-sdk/client-rekognitionstreaming';

const { client: settings, session, film, over, leaves } = JSON.parse(readFileSync(0, 'utf8'));
const plain = new RekognitionStreamingClient({ ...settings, maxAttempts: 1 });
const node = plain.config.eventStreamMarshaller;
const inBrowser = {
  requestHandler: new websocket.WebSocketFetchHandler(),
  eventStreamPayloadHandlerProvider: websocket.eventStreamPayloadHandlerProvider,
  eventStreamSerdeProvider: () => ({
    serialize: (events, write) => Readable.toWeb(node.serialize(events, write)),
    deserialize: (body, read) => node.deserialize(body, read),
  }),
};
const client = over === 'socket' ? new RekognitionStreamingClient({ ...settings, maxAttempts: 1, ...inBrowser }) : plain;

let begin, end;
const begun = new Promise((resolve) => { begin = resolve; });
const ended = new Promise((resolve) => { end = resolve; });
const now = Date.now();
const face = { BoundingBox: { Width: 0.3, Height: 0.5, Left: 0.3, Top: 0.3 }, InitialFaceDetectedTimestamp: now };
const told = (members) => ({
  ClientSessionInformationEvent: { Challenge: { FaceMovementAndLightChallenge: { ChallengeId: 'a', ...members } } },
});

async function* events() {
  yield told({ VideoStartTimestamp: now, InitialFace: face }); // Node sends no head before there is a body
  await begun;
  const data = readFileSync(film);
  for (let at = 0; at < data.length; at += 20_000) {
    yield { VideoEvent: { VideoChunk: data.subarray(at, at + 20_000), TimestampMillis: Date.now() } };
  }
  yield told({ VideoEndTimestamp: now + 1500 });
  yield { VideoEvent: { VideoChunk: new Uint8Array(0), TimestampMillis: Date.now() } };
  if (!leaves) await ended;
}

const seen = [];
try {
  const answer = await client.send(new StartFaceLivenessSessionCommand({
    SessionId: session, VideoWidth: '320', VideoHeight: '240', LivenessRequestStream: events(),
    ChallengeVersions: 'FaceMovementAndLightChallenge_2.0.0,FaceMovementChallenge_1.0.0',
  }));
  seen.push(answer.SessionId);
  for await (const event of answer.LivenessResponseStream) {
    seen.push(Object.keys(event)[0]);
    if (event.ServerSessionInformationEvent) begin();
    if (event.DisconnectionEvent) end();
  }
} catch (error) {
  seen.push([error.name, error.message]);
}
console.log(JSON.stringify(seen));
process.exit(0);
