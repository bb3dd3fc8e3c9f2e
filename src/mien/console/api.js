// The public API, as any client calls it: AWS JSON 1.1 to the address that the page came from.

import { message } from './eventstream.js';
import { presigned, sign } from './sigv4.js';

const BUSY = new Set(['ThrottlingException', 'ProvisionedThroughputExceededException']);
const STRANGER = new Set([
  'MissingAuthenticationTokenException',
  'UnrecognizedClientException',
  'InvalidSignatureException',
  'IncompleteSignatureException',
  'ExpiredTokenException',
]);
const TRIES = 8;
const text = new TextEncoder();

/** An error of the server, or `Unreachable` when it did not answer. */
export class ApiError extends Error {
  constructor(code, message) {
    super(message || code);
    this.code = code;
  }
}

/**
 * Calls the server.
 * `base`: URL of the API; `keys`: a KeyRing; `unlock`: asks the user for a key after one was refused, and resolves to
 * whether there is another now.
 */
export class Api {
  constructor(base, keys, unlock) {
    this.base = base;
    this.keys = keys;
    this.unlock = unlock;
    this.skew = 0; // milliseconds that the server's clock is ahead
  }

  /**
   * Calls an operation; returns its answer or throws an ApiError. Retries a busy server with back-off.
   * `operation`: AWS's name of it, or `Mien.NAME` for one that mien adds.
   */
  async call(operation, request = {}, signal = undefined) {
    const body = text.encode(JSON.stringify(request));
    for (let tried = 1; ; tried++) {
      const used = this.keys.current;
      try {
        return await this.#once(operation, body, signal);
      } catch (error) {
        if (signal?.aborted || tried === TRIES) throw error;
        if (BUSY.has(error.code)) await pause(Math.random() * Math.min(8000, 200 * 2 ** tried), signal);
        else if (error.clock && tried === 1) this.skew = error.clock - Date.now();
        else if (!STRANGER.has(error.code)) throw error;
        else if (this.keys.current === used && !(await this.unlock(error))) throw error;
      }
    }
  }

  /** Returns the options of a signed call for `fetch`, which can be made later, while the signature is young. */
  async prepared(operation, request) {
    return this.#signed(operation, text.encode(JSON.stringify(request)));
  }

  /**
   * Opens a WebSocket of the API; returns it and `send(headers, payload)`, which signs a message and sends it.
   * `path`: below the address of the API; `query`: name → value.
   */
  async stream(path, query) {
    const url = new URL(path, this.base);
    url.protocol = url.protocol.replace('http', 'ws');
    url.search = new URLSearchParams(query);
    const key = this.keys.current;
    const now = () => new Date(Date.now() + this.skew);
    const { address, chain } = key ? await presigned(url, key, now()) : { address: url, chain: null };
    const socket = new WebSocket(address);
    socket.binaryType = 'arraybuffer';
    let last = Promise.resolve(); // messages are sent in the order in which they are signed
    const send = (headers, payload) => {
      last = last.then(async () => {
        let sent = message(headers, payload);
        if (chain) {
          const date = now();
          sent = message({ ':date': date, ':chunk-signature': await chain(sent, date) }, sent);
        }
        if (socket.readyState === WebSocket.OPEN) socket.send(sent);
      });
      return last;
    };
    return { socket, send };
  }

  async #signed(operation, body) {
    const target = operation.startsWith('Mien.') ? operation : `RekognitionService.${operation}`;
    const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target };
    const key = this.keys.current;
    if (key) Object.assign(headers, await sign(this.base, headers, body, key, new Date(Date.now() + this.skew)));
    return { method: 'POST', headers, body, credentials: 'omit', cache: 'no-store' };
  }

  async #once(operation, body, signal) {
    const options = await this.#signed(operation, body);
    let response;
    let answer;
    try {
      response = await fetch(this.base, { ...options, signal });
      answer = await response.json();
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new ApiError(response ? `Http${response.status}` : 'Unreachable', '');
    }
    if (response.ok) return answer;
    const error = new ApiError(answer.__type, answer.Message ?? answer.message);
    if (/^Signature (expired|not yet current)/.test(error.message))
      error.clock = Date.parse(response.headers.get('date'));
    throw error;
  }

  /** Reads a path beside the API with GET, as text; null where the server does not answer. */
  async read(path) {
    try {
      const response = await fetch(new URL(path, this.base), { credentials: 'omit', cache: 'no-store' });
      return { ok: response.ok, status: response.status, text: await response.text() };
    } catch {
      return null;
    }
  }
}

/** Keeps the access key of this visit: in memory, and in this tab's session storage if the user agrees. */
export class KeyRing {
  constructor(storage) {
    this.storage = storage;
    this.current = JSON.parse(storage.getItem('mien.key') ?? 'null');
  }

  /** Uses `key` ({id, secret, region}) from now on. */
  use(key, keep) {
    this.current = key;
    if (keep) this.storage.setItem('mien.key', JSON.stringify(key));
    else this.storage.removeItem('mien.key');
  }

  /** Forgets the key. */
  forget() {
    this.current = null;
    this.storage.removeItem('mien.key');
  }
}

function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
