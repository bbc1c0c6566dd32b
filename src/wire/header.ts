/**
 * Request and response headers. Source: the Kafka protocol guide, "Protocol Common"; KIP-482 and
 * KIP-511 for the flexible forms and ApiVersions' exception.
 */
import type { Message } from './message.ts';
import { isFlexible } from './message.ts';
import { Reader, skipTags, WireError, Writer } from './primitives.ts';

const apiVersionsKey = 18;
/** Key, version, correlation id and the length of the client id. */
export const requestHeaderBytesMin = 10;

export type RequestHeader = {
  readonly key: number;
  readonly version: number;
  readonly correlationId: number;
  readonly clientId: string | null;
};

/**
 * Reads the part of a request header that is the same in every version. The tagged fields of a
 * flexible header follow it: see skipTags. Throws WireError.
 */
export function readRequestHeader(reader: Reader): RequestHeader {
  if (reader.remaining < requestHeaderBytesMin) throw new WireError('request header cut off');
  const key = reader.int16();
  const version = reader.int16();
  const correlationId = reader.int32();
  const size = reader.int16();
  if (size < -1) throw new WireError(`client id of ${size} bytes`);
  const clientId = size === -1 ? null : reader.string(size);
  return { key, version, correlationId, clientId };
}

/** Writes a whole request header for this table and version. */
export function writeRequestHeader(
  writer: Writer,
  table: Message,
  version: number,
  correlationId: number,
  clientId: string,
): void {
  writer.int16(table.key);
  writer.int16(version);
  writer.int32(correlationId);
  const size = Buffer.byteLength(clientId);
  writer.int16(size);
  writer.string(clientId, size);
  if (isFlexible(table, version)) writer.uvarint(0);
}

/**
 * Whether the response header ends with tagged fields. That of ApiVersions never does, so that a
 * client whose request version the broker does not support can read the response.
 */
export function hasResponseTags(table: Message, version: number): boolean {
  return table.key !== apiVersionsKey && isFlexible(table, version);
}

export function writeResponseHeader(
  writer: Writer,
  table: Message,
  version: number,
  correlationId: number,
): void {
  writer.int32(correlationId);
  if (hasResponseTags(table, version)) writer.uvarint(0);
}

/** Reads the response header; the reader is at the message afterwards. Throws WireError. */
export function readResponseHeader(reader: Reader, table: Message, version: number): number {
  const correlationId = reader.int32();
  if (hasResponseTags(table, version)) skipTags(reader);
  return correlationId;
}
