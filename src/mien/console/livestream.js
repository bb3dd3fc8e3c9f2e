// The stream of one Face Liveness session: events and the film to the server, the challenge and the end from it.

import { ApiError } from './api.js';
import { read } from './eventstream.js';
import { base64 } from './picture.js';

const PATH = 'start-face-liveness-session-websocket';
const text = new TextEncoder();

/** An open stream. */
export class LiveStream {
  constructor() {
    this.last = Promise.resolve(); // of what is sent
    this.problem = null;
    this.isJudged = false;
  }

  /** Opens the stream; resolves once the server has sent the challenge. `kinds`: challenges with versions. */
  static async open(api, session, { width, height }, kinds) {
    const made = new LiveStream();
    const query = {
      'session-id': session,
      'video-width': String(width),
      'video-height': String(height),
      'challenge-versions': kinds.join(','),
    };
    const { socket, send } = await api.stream(PATH, query);
    made.socket = socket;
    made.write = send;
    const given = new Promise((resolve, reject) => {
      made.ended = new Promise((end) => {
        socket.onmessage = ({ data }) => made.#take(read(data), { resolve, end });
        socket.onclose = () => {
          made.problem ??= made.isJudged ? null : new ApiError('Unreachable', '');
          end();
          reject(made.problem); // of no effect once the challenge is there
        };
      });
    });
    made.challenge = await given;
    return made;
  }

  #take({ headers, body }, { resolve, end }) {
    if (headers[':message-type'] !== 'event') {
      const code = headers[':exception-type'] ?? headers[':error-code'];
      this.problem = new ApiError(code, body.Message ?? headers[':error-message'] ?? '');
    } else if (headers[':event-type'] === 'ServerSessionInformationEvent') {
      const [[kind, challenge]] = Object.entries(body.SessionInformation.Challenge);
      resolve({ kind, ...challenge });
    } else if (headers[':event-type'] === 'DisconnectionEvent') {
      this.isJudged = true;
      end();
    }
  }

  /** Sends a part of the film as a Blob; an empty one ends it. */
  film(part) {
    const now = Date.now();
    this.#queue('VideoEvent', async () => ({ VideoChunk: await base64(part), TimestampMillis: now }));
  }

  /** Tells what was done, as a part of the challenge. */
  tell(part) {
    this.#queue('ClientSessionInformationEvent', () => ({ Challenge: { [this.challenge.kind]: part } }));
  }

  /** Waits until the session is judged; throws what went wrong. */
  async verdict() {
    await this.ended;
    if (this.problem) throw this.problem;
  }

  close() {
    this.socket.close();
  }

  /** Sends an event after those before it. */
  #queue(type, body) {
    const headers = { ':event-type': type, ':message-type': 'event', ':content-type': 'application/json' };
    this.last = this.last.then(async () => this.write(headers, text.encode(JSON.stringify(await body()))));
    this.last.catch((error) => {
      this.problem ??= error;
      this.close();
    });
  }
}
