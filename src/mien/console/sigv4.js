// AWS Signature Version 4 for the one kind of request this page sends: POST with a JSON body and no query.

import { hmac, sha256 } from './sha256.js';

const ALGORITHM = 'AWS4-HMAC-SHA256';
const SERVICE = 'rekognition';
const text = new TextEncoder();

/**
 * Returns the headers that sign a request, without those given.
 * `url`: a URL; `headers`: lower-case name → value, all signed; `body`: Uint8Array; `key`: {id, secret, region};
 * `now`: a Date.
 */
export async function sign(url, headers, body, key, now) {
  const stamp = now.toISOString().replace(/[-:]|\.\d+/g, '');
  const scope = [stamp.slice(0, 8), key.region, SERVICE, 'aws4_request'];
  const covered = { ...headers, host: url.host, 'x-amz-date': stamp };
  const names = Object.keys(covered).sort();
  const lines = names.map((name) => `${name}:${covered[name]}\n`).join('');
  const request = ['POST', path(url), '', lines, names.join(';'), hex(await sha256(body))].join('\n');
  const toSign = [ALGORITHM, stamp, scope.join('/'), hex(await sha256(text.encode(request)))].join('\n');
  let secret = text.encode(`AWS4${key.secret}`);
  for (const part of scope) secret = await hmac(secret, text.encode(part));
  const signature = hex(await hmac(secret, text.encode(toSign)));
  const credential = `${key.id}/${scope.join('/')}`;
  return {
    'x-amz-date': stamp,
    authorization: `${ALGORITHM} Credential=${credential}, SignedHeaders=${names.join(';')}, Signature=${signature}`,
  };
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
