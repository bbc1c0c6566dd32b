/**
 * Bodies in the two formats that AWS's SDKs send: `application/x-amz-json-1.1` and
 * `application/x-amz-cbor-1.1`. Decoding is safe with hostile bytes: it throws
 * SerializationError only, and builds no more values than a legal request can have.
 */
import { isAscii, isUtf8 } from 'node:buffer';
import { Encoder } from 'cbor-x';
import { expectBase64 } from './base64.ts';
import { decodeCbor } from './cbor.ts';
import { KinesisError, SerializationError } from './errors.ts';
import { readPlainJson } from './json.ts';
import type { Format } from './shape.ts';

/**
 * Just over the largest legal request, a PutRecords: 10 MiB of data are 14 MB of base64, and 500
 * entries have keys and names around them.
 */
export const putBodyBytesMax = 16 * 1024 * 1024;
/** Other requests carry names, tags, policies, and a token of 1 MiB at most. */
export const smallBodyBytesMax = 2 * 1024 * 1024;
/** A client that does not get its body across in this time is cut off. */
export const bodyTimeoutMs = 60_000;

/** Lists, maps and structures in one body; a legal PutRecords has 502. */
const containersMax = 8192;
/** No shape is nested deeper than four; the rest is room for members that we do not know. */
const depthMax = 64;

/** JSON.parse is best with small bodies. */
const plainJsonBytesMin = 16 * 1024;

const encoder = new Encoder({ useRecords: false, mapsAsObjects: true, tagUint8Array: false });

/** Errors: SerializationError where the bytes are not one object of this format. */
export function decodeBody(bytes: Buffer, format: Format): unknown {
  const value = format === 'json' ? decodeJson(bytes) : decodeCbor(bytes);
  if (typeof value !== 'object' || value === null) throw new SerializationError();
  return value;
}

export function encodeBody(tree: unknown, format: Format): Buffer | string {
  return format === 'json' ? JSON.stringify(tree) : encoder.encode(tree);
}

type Source = NodeJS.ReadableStream & { readonly headers: NodeJS.Dict<string | string[]> };

/** What the client says that the body has; undefined where it does not know. */
export function declaredLength({ headers }: Pick<Source, 'headers'>): number | undefined {
  const declared = headers['content-length'];
  return declared === undefined ? undefined : Number(declared);
}

/**
 * Reads a request's body. Errors: RequestEntityTooLargeException; the source's own error when
 * the client goes away.
 */
export function readBody(source: Source, bytesMax: number): Promise<Buffer> {
  if ((declaredLength(source) ?? 0) > bytesMax) return Promise.reject(tooLarge(bytesMax));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const stopListening = (): void => {
      clearTimeout(timer);
      source.removeListener('data', take);
      source.removeListener('end', finish);
      source.removeListener('error', fail);
      source.removeListener('aborted', cutOff);
      source.removeListener('close', cutOff);
    };
    const take = (chunk: Buffer): void => {
      length += chunk.length;
      chunks.push(chunk);
      if (length <= bytesMax) return;
      stopListening();
      // What still comes is nobody's; its errors are no news.
      source.once('error', () => {});
      reject(tooLarge(bytesMax));
    };
    const finish = (): void => {
      stopListening();
      resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, length));
    };
    const fail = (cause?: Error): void => {
      stopListening();
      reject(incomplete('whole', cause));
    };
    const cutOff = (): void => fail();
    const timer = setTimeout(() => {
      stopListening();
      reject(incomplete('in time'));
    }, bodyTimeoutMs);
    source.on('data', take);
    source.on('end', finish);
    source.on('error', fail);
    source.on('aborted', cutOff);
    source.on('close', cutOff);
  });
}

function tooLarge(bytesMax: number): KinesisError {
  return new KinesisError(
    'RequestEntityTooLargeException',
    `The request body is larger than ${bytesMax} bytes.`,
  );
}

/** `how`: what the body did not do, such as arrive "in time". */
export function incomplete(how: string, cause?: unknown): KinesisError {
  return new KinesisError('RequestTimeoutException', `The request body did not arrive ${how}.`, {
    cause,
  });
}

function decodeJson(bytes: Buffer): unknown {
  expectBase64(bytes.length);
  if (bytes.length >= plainJsonBytesMin) {
    const plain = readPlainJson(bytes, { containersMax, depthMax });
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

/** Occurrences of a byte, counted no further than matters. */
function countBytes(bytes: Buffer, byte: number): number {
  let count = 0;
  let at = bytes.indexOf(byte);
  while (at !== -1 && count <= containersMax) {
    count += 1;
    at = bytes.indexOf(byte, at + 1);
  }
  return count;
}

/** The exact count, for bodies that have many brackets, be it in strings only. */
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
