import { requestHeaderBytesMin } from '../header.ts';
import { type Cursor, skipTags, WireError } from '../primitives.ts';

/** The start of a request frame: the part that the relay needs. */
export type RequestHead = {
  /** The size of the frame after its length field. */
  readonly size: number;
  readonly key: number;
  readonly version: number;
  readonly correlationId: number;
  readonly clientId: string | null;
};

/**
 * The size of a frame up to its client id: length, key, version, correlation id, and the client
 * id's length.
 */
const fixedBytes = 4 + requestHeaderBytesMin;
const clientIdSizeAt = fixedBytes - 2;
const versionAt = 6;

/**
 * Reads the head at `position`; undefined if it is not complete yet. Throws WireError if the frame
 * is too short for it.
 */
export function readHead(buffer: Buffer, position: number): RequestHead | undefined {
  if (buffer.length - position < fixedBytes) return undefined;
  const size = buffer.readInt32BE(position);
  const clientIdBytes = buffer.readInt16BE(position + clientIdSizeAt);
  const headBytes = fixedBytes + Math.max(0, clientIdBytes);
  if (headBytes > size + 4) throw new WireError(`client id of ${clientIdBytes} bytes`);
  const end = position + headBytes;
  if (buffer.length < end) return undefined;
  return {
    size,
    key: buffer.readInt16BE(position + 4),
    version: buffer.readInt16BE(position + versionAt),
    correlationId: buffer.readInt32BE(position + 8),
    clientId: clientIdBytes < 0 ? null : buffer.toString('utf8', position + fixedBytes, end),
  };
}

/** Asks in another version, in the bytes as they are. */
export function writeVersion(buffer: Buffer, position: number, version: number): void {
  buffer.writeInt16BE(version, position + versionAt);
}

/** Skips the length of a frame and the header of its request. Throws WireError. */
export function passHead(cursor: Cursor, isFlexible: boolean): void {
  cursor.take(clientIdSizeAt);
  cursor.take(Math.max(0, cursor.int16()));
  if (isFlexible) skipTags(cursor);
}

/** Describes a first frame that is not a Kafka request, for the log. */
export function describeGarbage(buffer: Buffer, position: number): string {
  const start = buffer.toString('latin1', position, position + 4);
  if (/^(?:GET |POST|PUT |HEAD|PRI )/.test(start)) return 'http-on-kafka-port';
  if (buffer[position] === 0x16 && buffer[position + 1] === 0x03) return 'tls-on-kafka-port';
  return 'frame-size';
}
