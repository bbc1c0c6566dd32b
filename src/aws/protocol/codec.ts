/**
 * Bodies in the formats of AWS SDKs: JSON 1.0, JSON 1.1 and CBOR. Decoding is safe with hostile
 * input: it only throws SerializationError, and creates no more values than a legal request can
 * have.
 */
import { isAscii, isUtf8 } from 'node:buffer';
import { Encoder } from 'cbor-x';
import { Base64Reader, sharingCharactersMin } from './base64.ts';
import { decodeCbor } from './cbor.ts';
import { SerializationError } from './errors.ts';
import { type JsonNames, noNames, readPlainJson } from './json.ts';
import { cborSource, type Format, jsonSource, type Source } from './source.ts';

export type Codec = {
  readonly format: Format;
  readonly contentType: string;
  /** Whether decoded values are never views of the body. */
  readonly bodyIsCopied: boolean;
};

export const json10: Codec = {
  format: 'json',
  contentType: 'application/x-amz-json-1.0',
  bodyIsCopied: true,
};
export const json11: Codec = { ...json10, contentType: 'application/x-amz-json-1.1' };
export const plainJson: Codec = { ...json10, contentType: 'application/json' };
/** Byte strings are views. */
export const cbor11: Codec = {
  format: 'cbor',
  contentType: 'application/x-amz-cbor-1.1',
  bodyIsCopied: false,
};

/**
 * The maximum number of lists, maps and structures in one body. A legal PutRecords has 502; the
 * model of CreateQueue allows 20,002, a list of 10,000 streams with a position each.
 */
const containersMax = 20_480;
/** No shape is nested deeper than four; the rest allows for unknown members. */
const depthMax = 64;

/** JSON.parse is fastest for small bodies. */
const plainJsonBytesMin = 16 * 1024;

const encoder = new Encoder({ useRecords: false, mapsAsObjects: true, tagUint8Array: false });

/** Errors: SerializationError if the bytes are not one object in this format. */
export function decodeBody(bytes: Buffer, format: Format, names = noNames): unknown {
  const value = format === 'json' ? decodeJson(bytes, names) : decodeCbor(bytes);
  if (typeof value !== 'object' || value === null) throw new SerializationError();
  return value;
}

/** How shapes read the decoded values. */
export function sourceOf(bytes: Buffer, format: Format): Source {
  if (format === 'cbor') return cborSource;
  if (bytes.length < sharingCharactersMin) return jsonSource;
  return { ...jsonSource, base64: new Base64Reader(bytes.length) };
}

export function encodeBody(tree: unknown, format: Format): Buffer | string {
  return format === 'json' ? JSON.stringify(tree) : encoder.encode(tree);
}

function decodeJson(bytes: Buffer, names: JsonNames): unknown {
  if (bytes.length >= plainJsonBytesMin) {
    const plain = readPlainJson(bytes, { containersMax, depthMax }, names);
    if (plain !== undefined) return plain;
  }
  if (countBytes(bytes, 0x7b) + countBytes(bytes, 0x5b) > containersMax) boundJson(bytes);
  const ascii = isAscii(bytes);
  if (!ascii && !isUtf8(bytes)) throw new SerializationError();
  try {
    return JSON.parse(ascii ? bytes.toString('latin1') : bytes.toString('utf8'));
  } catch {
    throw new SerializationError();
  }
}

/** Counts occurrences of a byte, up to the relevant number. */
function countBytes(bytes: Buffer, byte: number): number {
  let count = 0;
  let at = bytes.indexOf(byte);
  while (at !== -1 && count <= containersMax) {
    count += 1;
    at = bytes.indexOf(byte, at + 1);
  }
  return count;
}

/** The exact count, for bodies with many brackets, even if they are in strings. */
function boundJson(bytes: Buffer): void {
  let depth = 0;
  let containers = 0;
  let inString = false;
  for (let i = 0; i < bytes.length; i += 1) {
    const byte = bytes[i];
    if (byte === 0x5c && inString) i += 1;
    else if (byte === 0x22) inString = !inString;
    else if (inString) continue;
    else if (byte === 0x7b || byte === 0x5b) {
      depth += 1;
      containers += 1;
      if (depth > depthMax || containers > containersMax) throw new SerializationError();
    } else if (byte === 0x7d || byte === 0x5d) depth -= 1;
  }
}
