// AWS Signature Version 4 for what this page sends: POST with a JSON body and no query, and the messages of a WebSocket.

import { header } from './eventstream.js';
import { hmac, sha256 } from './sha256.js';

const ALGORITHM = 'AWS4-HMAC-SHA256';
const PAYLOAD = 'AWS4-HMAC-SHA256-PAYLOAD';
const SERVICE = 'rekognition';
const VALID = 299; // seconds of a presigned address
const text = new TextEncoder();

/**
 * Returns the headers that sign a request, without those given.
 * `url`: a URL; `headers`: lower-case name → value, all signed; `body`: Uint8Array; `key`: {id, secret, region};
 * `now`: a Date.
 */
export async function sign(url, headers, body, key, now) {
  const { stamp, scope } = dated(key, now);
  const covered = { ...headers, host: url.host, 'x-amz-date': stamp };
  const names = Object.keys(covered).sort();
  const lines = names.map((name) => `${name}:${covered[name]}\n`).join('');
  const request = ['POST', path(url), '', lines, names.join(';'), hex(await sha256(body))].join('\n');
  const toSign = [ALGORITHM, stamp, scope.join('/'), hex(await sha256(text.encode(request)))].join('\n');
  const signature = await signed(toSign, scope, key);
  const credential = `${key.id}/${scope.join('/')}`;
  return {
    'x-amz-date': stamp,
    authorization: `${ALGORITHM} Credential=${credential}, SignedHeaders=${names.join(';')}, Signature=${signature}`,
  };
}

/**
 * Returns the address of a WebSocket with its signature in the query, and `chain`, which signs the messages sent to it:
 * (bytes of a message, now) → promise of the value of the header `:chunk-signature`.
 * `url`: a URL whose query is all but the signature; `key` and `now` as for `sign`.
 */
export async function presigned(url, key, now) {
  const { stamp, scope } = dated(key, now);
  const query = [
    ...url.searchParams,
    ['X-Amz-Algorithm', ALGORITHM],
    ['X-Amz-Credential', `${key.id}/${scope.join('/')}`],
    ['X-Amz-Date', stamp],
    ['X-Amz-Expires', String(VALID)],
    ['X-Amz-SignedHeaders', 'host'],
  ]
    .map((pair) => pair.map(encoded).join('='))
    .sort()
    .join('&');
  const request = ['GET', path(url), query, `host:${url.host}\n`, 'host', hex(await sha256(new Uint8Array()))].join('\n');
  const toSign = [ALGORITHM, stamp, scope.join('/'), hex(await sha256(text.encode(request)))].join('\n');
  let prior = await signed(toSign, scope, key);
  const address = new URL(url);
  address.search = `${query}&X-Amz-Signature=${prior}`;
  const chain = async (bytes, moment) => {
    const { stamp: sent, scope: today } = dated(key, moment);
    const digests = await Promise.all([header(':date', moment), bytes].map(sha256));
    prior = await signed([PAYLOAD, sent, today.join('/'), prior, ...digests.map(hex)].join('\n'), today, key);
    return Uint8Array.from(prior.match(/../g), (pair) => Number.parseInt(pair, 16));
  };
  return { address, chain };
}

/** Returns the stamp of a moment, and the scope of what is signed then. */
function dated(key, now) {
  const stamp = now.toISOString().replace(/[-:]|\.\d+/g, '');
  return { stamp, scope: [stamp.slice(0, 8), key.region, SERVICE, 'aws4_request'] };
}

async function signed(toSign, scope, key) {
  let secret = text.encode(`AWS4${key.secret}`);
  for (const part of scope) secret = await hmac(secret, text.encode(part));
  return hex(await hmac(secret, text.encode(toSign)));
}

/** Percent-encodes a text as AWS does, which leaves fewer signs as they are than browsers do. */
function encoded(value) {
  return encodeURIComponent(value).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Returns the path as AWS canonicalises it: every part percent-encoded once more. */
function path(url) {
  return url.pathname
    .split('/')
    .map((part) => encodeURIComponent(part))
    .join('/');
}

function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
