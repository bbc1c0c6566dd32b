/**
 * Shard iterators: opaque, signed, stateless. An iterator holds everything that a gateway needs to
 * continue reading, so any gateway on the same catalog accepts it, also after a restart, and the
 * same iterator always reads from the same position. Source: "GetShardIterator" and "GetRecords",
 * Amazon Kinesis Data Streams API reference.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Offset } from '../streams/stream.ts';
import { toOffset } from '../streams/stream.ts';

/** A position in the log of one shard. */
export type ShardPosition = {
  readonly stream: string;
  /** Identity of the stream's log: a stream that is created again under its name has another. */
  readonly logId: string;
  readonly shardIndex: number;
  readonly offset: Offset;
};

export type ShardIterator = ShardPosition & { readonly issuedAtMs: number };

export const iteratorLifetimeMs = 300_000;

/** The payload: version, time (6), shard (4), offset (8), length of the log id, both names. */
const layoutVersion = 1;
const fixedBytes = 20;
const signatureBytes = 32;
const nameBytesMax = 255;

/** At most 512 characters for every stream name that Kinesis allows. */
export function printShardIterator(
  { stream, logId, shardIndex, offset }: ShardPosition,
  issuedAtMs: number,
  secret: Buffer,
): string {
  const logIdBytes = Buffer.byteLength(logId);
  if (logIdBytes > nameBytesMax) throw new Error(`log id of ${logIdBytes} bytes`);
  const payloadBytes = fixedBytes + logIdBytes + Buffer.byteLength(stream);
  const bytes = Buffer.allocUnsafe(payloadBytes + signatureBytes);
  bytes[0] = layoutVersion;
  bytes.writeUIntBE(issuedAtMs, 1, 6);
  bytes.writeUInt32BE(shardIndex, 7);
  bytes.writeBigInt64BE(offset, 11);
  bytes[19] = logIdBytes;
  bytes.write(logId, fixedBytes);
  bytes.write(stream, fixedBytes + logIdBytes);
  sign(bytes.subarray(0, payloadBytes), secret).copy(bytes, payloadBytes);
  return bytes.toString('base64');
}

/** Undefined for text that was not issued by a gateway with this secret. Does not check its age. */
export function parseShardIterator(text: string, secret: Buffer): ShardIterator | undefined {
  const bytes = Buffer.from(text, 'base64');
  const payloadBytes = bytes.length - signatureBytes;
  if (payloadBytes < fixedBytes || bytes.toString('base64') !== text) return undefined;
  const payload = bytes.subarray(0, payloadBytes);
  if (!timingSafeEqual(bytes.subarray(payloadBytes), sign(payload, secret))) return undefined;
  const nameStart = fixedBytes + payload[19]!;
  if (payload[0] !== layoutVersion || nameStart > payloadBytes) return undefined;
  return {
    issuedAtMs: payload.readUIntBE(1, 6),
    shardIndex: payload.readUInt32BE(7),
    offset: toOffset(payload.readBigInt64BE(11)),
    logId: payload.toString('utf8', fixedBytes, nameStart),
    stream: payload.toString('utf8', nameStart),
  };
}

/** Undefined for text that cannot be an iterator. Does not check its signature. */
export function streamNameInIterator(text: string): string | undefined {
  const bytes = Buffer.from(text, 'base64');
  const payloadBytes = bytes.length - signatureBytes;
  const nameStart = fixedBytes + (bytes[19] ?? 0);
  return nameStart > payloadBytes ? undefined : bytes.toString('utf8', nameStart, payloadBytes);
}

export function isExpired({ issuedAtMs }: ShardIterator, nowMs: number): boolean {
  return nowMs - issuedAtMs > iteratorLifetimeMs;
}

/** The purpose keeps text that was signed for something else from being accepted as an iterator. */
function sign(payload: Buffer, secret: Buffer): Buffer {
  return createHmac('sha256', secret).update('shard-iterator').update(payload).digest();
}
