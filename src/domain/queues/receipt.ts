/**
 * Receipt handles: opaque, signed, stateless. A handle holds everything that a gateway needs to
 * acknowledge the record or to change its visibility, so any gateway on the same catalog accepts
 * it, also after a restart. Source: ReceiveQueueRecords of the Kinesis service model.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { type Offset, toOffset } from '../streams/stream.ts';

/**
 * - `held`: a first delivery, which Kafka's lock keeps from other receivers; no row is stored.
 * - `live`: a delivery of a record with a row.
 * - `dead`: a delivery of a dead letter, which has a row, too.
 */
export type ReceiptKind = 'held' | 'live' | 'dead';

export type Receipt = {
  readonly kind: ReceiptKind;
  readonly queueId: string;
  readonly shard: number;
  readonly offset: Offset;
  /** The member that holds Kafka's lock, or the receipt in the row. */
  readonly key: string;
  readonly receiveCount: number;
  readonly firstReceivedAtMs: number;
  /** When the visibility timeout that the record was received with ends. */
  readonly inFlightUntilMs: number;
  /** When the record's retention ends. */
  readonly expiresAtMs: number;
};

const kinds: readonly ReceiptKind[] = ['held', 'live', 'dead'];

/**
 * The payload: version, kind, shard (4), offset (8), count (4), three times (6 each), length of the
 * key, key, queue id.
 */
const layoutVersion = 1;
const keyLengthAt = 36;
const fixedBytes = 37;
const signatureBytes = 32;

/** At most 420 characters for every queue name that Kinesis allows. */
export function printReceipt(receipt: Receipt, secret: Buffer): string {
  const { queueId, key } = receipt;
  const keyBytes = Buffer.byteLength(key);
  const payloadBytes = fixedBytes + keyBytes + Buffer.byteLength(queueId);
  const bytes = Buffer.allocUnsafe(payloadBytes + signatureBytes);
  bytes[0] = layoutVersion;
  bytes[1] = kinds.indexOf(receipt.kind);
  bytes.writeUInt32BE(receipt.shard, 2);
  bytes.writeBigInt64BE(receipt.offset, 6);
  bytes.writeUInt32BE(receipt.receiveCount, 14);
  bytes.writeUIntBE(receipt.firstReceivedAtMs, 18, 6);
  bytes.writeUIntBE(receipt.inFlightUntilMs, 24, 6);
  bytes.writeUIntBE(receipt.expiresAtMs, 30, 6);
  bytes[keyLengthAt] = keyBytes;
  bytes.write(key, fixedBytes);
  bytes.write(queueId, fixedBytes + keyBytes);
  sign(bytes.subarray(0, payloadBytes), secret).copy(bytes, payloadBytes);
  return bytes.toString('base64url');
}

/** Undefined for text that was not issued by a gateway with this secret. */
export function parseReceipt(text: string, secret: Buffer): Receipt | undefined {
  const bytes = Buffer.from(text, 'base64url');
  const payloadBytes = bytes.length - signatureBytes;
  if (payloadBytes < fixedBytes || bytes.toString('base64url') !== text) return undefined;
  const payload = bytes.subarray(0, payloadBytes);
  if (!timingSafeEqual(bytes.subarray(payloadBytes), sign(payload, secret))) return undefined;
  const keyEnd = fixedBytes + payload[keyLengthAt]!;
  const kind = kinds[payload[1]!];
  if (payload[0] !== layoutVersion || kind === undefined || keyEnd > payloadBytes) return undefined;
  return {
    kind,
    shard: payload.readUInt32BE(2),
    offset: toOffset(payload.readBigInt64BE(6)),
    receiveCount: payload.readUInt32BE(14),
    firstReceivedAtMs: payload.readUIntBE(18, 6),
    inFlightUntilMs: payload.readUIntBE(24, 6),
    expiresAtMs: payload.readUIntBE(30, 6),
    key: payload.toString('utf8', fixedBytes, keyEnd),
    queueId: payload.toString('utf8', keyEnd),
  };
}

/** The purpose keeps text that was signed for something else from being accepted as a receipt. */
function sign(payload: Buffer, secret: Buffer): Buffer {
  return createHmac('sha256', secret).update('queue-receipt').update(payload).digest();
}
