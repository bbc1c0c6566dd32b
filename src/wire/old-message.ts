/**
 * Messages of formats 0 and 1, which Kafka wrote before 0.11 and still serves unchanged: each is
 * returned as a separate batch. Messages that were compressed together are the value of a wrapper
 * message, whose offset is that of the last one. Source: the Kafka documentation, "Old Message
 * Format"; KIP-31 and KIP-32.
 */
import { crc32 } from '@node-rs/crc32';
import type { BatchRecord, RecordBatch } from './batch.ts';
import { compressionNames } from './compression.ts';
import { Reader, WireError } from './primitives.ts';

/** Offset, size, checksum, format, attributes, and the lengths of key and value. */
export const oldHeaderBytes = 26;
const crcStart = 12;
const magicStart = 16;
const attributesStart = 17;
const timestampStart = 18;
const timestampEnd = 26;

const compressionMask = 0x07;
const appendTimeFlag = 0x08;
const noTimestamp = -1;

/** Parses one message, from its offset to its end. Throws WireError. */
export function readOldMessage(bytes: Buffer): RecordBatch {
  const magic = bytes[magicStart]!;
  const attributes = bytes[attributesStart]!;
  const compression = compressionNames[attributes & compressionMask];
  if (compression === undefined || compression === 'zstd') {
    throw new WireError(`compression ${attributes & compressionMask} in message format ${magic}`);
  }
  if (magic === 0 && compression === 'lz4') {
    // Kafka computed the checksum of the lz4 frame's header incorrectly then, so no library accepts
    // it.
    throw new WireError('lz4 in message format 0 is not supported');
  }
  const timestampMs = magic === 0 ? noTimestamp : Number(bytes.readBigInt64BE(timestampStart));
  const offset = bytes.readBigInt64BE(0);
  return {
    magic,
    baseOffset: offset,
    lastOffset: offset,
    recordCount: compression === 'none' ? 1 : -1,
    baseTimestampMs: timestampMs,
    maxTimestampMs: timestampMs,
    appendTime: magic === 1 && (attributes & appendTimeFlag) !== 0,
    compression,
    transactional: false,
    control: false,
    producerId: -1n,
    producerEpoch: -1,
    baseSequence: -1,
    bytes,
    plain: compression === 'none' ? bytes : undefined,
  };
}

export function isOldIntact({ bytes }: RecordBatch): boolean {
  return bytes.readUInt32BE(crcStart) === crc32(bytes.subarray(magicStart)) >>> 0;
}

/** The messages that are compressed in a wrapper message. Throws WireError. */
export function oldValueOf(batch: RecordBatch): Buffer {
  const { value } = bodyOf(batch);
  if (value === null) throw new WireError('compressed messages with no bytes');
  return value;
}

/** The record of a message, or the records compressed in it. Throws WireError. */
export function oldRecordsOf(batch: RecordBatch): BatchRecord[] {
  if (batch.compression === 'none') {
    return [{ offsetDelta: 0, timestampMs: batch.maxTimestampMs, ...bodyOf(batch) }];
  }
  if (batch.plain === undefined) throw new WireError('messages that are still compressed');
  const inner = messagesIn(batch.plain);
  const last = inner.at(-1)?.baseOffset;
  return inner.map((message) => ({
    // Inner offsets are relative in format 1 and absolute in format 0; this works for both.
    offsetDelta: Number(message.baseOffset - last!),
    timestampMs: batch.appendTime ? batch.maxTimestampMs : message.maxTimestampMs,
    ...bodyOf(message),
  }));
}

function messagesIn(bytes: Buffer): RecordBatch[] {
  const messages: RecordBatch[] = [];
  let position = 0;
  while (position < bytes.length) {
    if (bytes.length - position < oldHeaderBytes) throw new WireError('message cut off');
    const size = bytes.readInt32BE(position + 8) + crcStart;
    if (size < oldHeaderBytes || size > bytes.length - position) {
      throw new WireError(`message of ${size} bytes`);
    }
    const message = bytes.subarray(position, position + size);
    if (message[magicStart]! > 1) throw new WireError('a batch inside an old message');
    const read = readOldMessage(message);
    if (read.compression !== 'none') throw new WireError('compressed messages inside another');
    messages.push(read);
    position += size;
  }
  return messages;
}

function bodyOf({ magic, bytes }: RecordBatch): { key: Buffer | null; value: Buffer | null } {
  const reader = new Reader(bytes, magic === 0 ? timestampStart : timestampEnd);
  const key = nullableBytes(reader);
  const value = nullableBytes(reader);
  return { key, value };
}

function nullableBytes(reader: Reader): Buffer | null {
  const size = reader.int32();
  if (size >= 0) return reader.bytes(size);
  if (size !== -1) throw new WireError(`length of ${size}`);
  return null;
}
