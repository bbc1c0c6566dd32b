/** The start of a request frame: as much of it as the relay must know. */
import { Reader, WireError } from '../wire/primitives.ts';
import { skipTags } from '../wire/header.ts';

export type RequestHead = {
  /** Bytes of the frame after its length. */
  readonly size: number;
  readonly key: number;
  readonly version: number;
  readonly correlationId: number;
  readonly clientId: string | null;
};

const produceKey = 0;
const produceFlexibleSince = 9;
const fixedBytes = 14;
/** A client id is an int16-long string; behind it stand tags and, in Produce, two fields. */
const headBytesMax = 70_000;

/** Reads the head at `position`, or undefined where it is not all there yet. */
export function readHead(buffer: Buffer, position: number): RequestHead | undefined {
  if (buffer.length - position < fixedBytes) return undefined;
  const clientIdBytes = buffer.readInt16BE(position + 12);
  const end = position + fixedBytes + Math.max(0, clientIdBytes);
  if (buffer.length < end) return undefined;
  return {
    size: buffer.readInt32BE(position),
    key: buffer.readInt16BE(position + 4),
    version: buffer.readInt16BE(position + 6),
    correlationId: buffer.readInt32BE(position + 8),
    clientId: clientIdBytes < 0 ? null : buffer.toString('utf8', position + fixedBytes, end),
  };
}

/**
 * The acknowledgement that a Produce request asks for: −1 by all replicas in sync, 1 by the
 * leader, 0 for no answer; undefined where that field is not there yet. Throws WireError.
 */
export function acksOf(
  buffer: Buffer,
  position: number,
  { size, version, clientId }: RequestHead,
): number | undefined {
  const start = position + fixedBytes + (clientId === null ? 0 : Buffer.byteLength(clientId));
  const frameEnd = position + 4 + size;
  const end = Math.min(buffer.length, frameEnd, position + headBytesMax);
  const reader = new Reader(buffer, start, end);
  try {
    if (version >= produceFlexibleSince) skipTags(reader);
    const transactionalIdBytes =
      version >= produceFlexibleSince ? reader.uvarint() - 1 : reader.int16();
    if (transactionalIdBytes > 0) reader.take(transactionalIdBytes);
    return reader.int16();
  } catch (error) {
    // Cut off by the end of what has arrived: more will tell. Cut off by the frame: broken.
    if (error instanceof WireError && end === buffer.length && end < frameEnd) return undefined;
    throw error;
  }
}

export function isProduce({ key }: RequestHead): boolean {
  return key === produceKey;
}

/** What a first frame that cannot be one looks like, for the log. */
export function describeGarbage(buffer: Buffer, position: number): string {
  const start = buffer.toString('latin1', position, position + 4);
  if (/^(?:GET |POST|PUT |HEAD|PRI )/.test(start)) return 'http-on-kafka-port';
  if (buffer[position] === 0x16 && buffer[position + 1] === 0x03) return 'tls-on-kafka-port';
  return 'frame-size';
}
