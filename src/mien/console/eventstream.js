// Messages of an AWS event stream (`wire/eventstream.py`): lengths, headers, a payload, and two checksums.

const PRELUDE = 12; // bytes: the length, that of the headers, and their checksum
const CHECKSUM = 4;
const [BYTES, TEXT, TIME] = [6, 7, 8]; // types of headers
const text = new TextEncoder();
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** Returns a message. `headers`: name → a text, bytes or a Date; `payload`: Uint8Array. */
export function message(headers, payload) {
  const packed = joined(Object.entries(headers).map(([name, value]) => header(name, value)));
  const whole = new Uint8Array(PRELUDE + packed.length + payload.length + CHECKSUM);
  const view = new DataView(whole.buffer);
  view.setUint32(0, whole.length);
  view.setUint32(4, packed.length);
  view.setUint32(8, crc32(whole.subarray(0, 8)));
  whole.set(packed, PRELUDE);
  whole.set(payload, PRELUDE + packed.length);
  view.setUint32(whole.length - CHECKSUM, crc32(whole.subarray(0, whole.length - CHECKSUM)));
  return whole;
}

/** Returns a header as it is sent. */
export function header(name, value) {
  const named = text.encode(name);
  if (value instanceof Date) {
    const moment = new Uint8Array(8);
    new DataView(moment.buffer).setBigInt64(0, BigInt(value.getTime()));
    return joined([[named.length], named, [TIME], moment]);
  }
  const bytes = typeof value === 'string' ? text.encode(value) : value;
  const type = typeof value === 'string' ? TEXT : BYTES;
  return joined([[named.length], named, [type, bytes.length >> 8, bytes.length & 255], bytes]);
}

/** Reads a message of the server, whose headers are all text: {headers, body}, the body read as JSON. */
export function read(data) {
  const [whole, view] = [new Uint8Array(data), new DataView(data)];
  const end = PRELUDE + view.getUint32(4);
  const utf8 = new TextDecoder();
  const headers = {};
  for (let at = PRELUDE; at < end;) {
    const value = at + 1 + whole[at] + 3;
    const length = view.getUint16(value - 2);
    headers[utf8.decode(whole.subarray(at + 1, value - 3))] = utf8.decode(whole.subarray(value, value + length));
    at = value + length;
  }
  const body = utf8.decode(whole.subarray(end, whole.length - CHECKSUM));
  return { headers, body: body ? JSON.parse(body) : {} };
}

function joined(parts) {
  const whole = new Uint8Array(parts.reduce((sum, each) => sum + each.length, 0));
  let at = 0;
  for (const each of parts) {
    whole.set(each, at);
    at += each.length;
  }
  return whole;
}

function crc32(bytes) {
  let value = ~0;
  for (const byte of bytes) value = TABLE[(value ^ byte) & 255] ^ (value >>> 8);
  return ~value >>> 0;
}
