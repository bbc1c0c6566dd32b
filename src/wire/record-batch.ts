/**
 * Record batches of format 2: encoding for the put path, decoding for the get path. Source: the
 * Kafka documentation, "Message Format"; KIP-98.
 *
 * A batch is a header of 61 bytes followed by its records, which may be compressed. Decoding is
 * lazy: the header is a view, and records are decoded on demand, with keys and values as views into
 * the original bytes. Messages of formats 0 and 1, which logs from before Kafka 0.11 may still
 * contain, are read as batches too: see old-message.ts.
 */
import type { BatchRecord, RecordBatch } from './batch.ts';
import { checksumOf } from './crc32c.ts';
import {
  type Compression,
  compressionNames,
  compressRecords,
  decompressedBytesMax,
  decompressRecords,
} from './compression.ts';
import {
  isOldIntact,
  oldHeaderBytes,
  oldRecordsOf,
  oldValueOf,
  readOldMessage,
} from './old-message.ts';
import { Reader, WireError } from './primitives.ts';

/** The size of a batch's header. */
export const batchHeaderBytes = 61;
/** The size of base offset and length, which the length does not include. */
const lengthEnd = 12;
const leaderEpochStart = 12;
const magicStart = 16;
/** The position of the checksum, which covers everything after it. */
export const crcStart = 17;
export const crcEnd = 21;
/** The position of the number of records, the last four bytes of the header. */
export const recordCountAt = batchHeaderBytes - 4;
/** The current message format. */
export const magic = 2;

const compressionMask = 0x07;
const appendTimeFlag = 0x08;
const transactionalFlag = 0x10;
const controlFlag = 0x20;

export type Header = { readonly key: string; readonly value: Buffer | null };

export type RecordInput = {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** Milliseconds; defaults to the batch's base timestamp. */
  readonly timestampMs?: number;
  readonly headers?: readonly Header[];
};

export type BatchOptions = {
  readonly baseOffset?: bigint;
  readonly producerId?: bigint;
  readonly producerEpoch?: number;
  readonly baseSequence?: number;
  readonly transactional?: boolean;
  readonly control?: boolean;
};

/**
 * Encodes one or more records as one uncompressed batch, with one allocation. `baseTimestampMs` is
 * used for records without a timestamp. Throws WireError.
 */
export function encodeBatch(
  records: readonly RecordInput[],
  baseTimestampMs: number,
  options: BatchOptions = {},
): Buffer {
  if (records.length === 0) throw new WireError('a batch of no records');
  let size = batchHeaderBytes;
  const bodySizes = new Array<number>(records.length);
  for (let index = 0; index < records.length; index++) {
    const body = recordBodyBytes(records[index]!, index, baseTimestampMs);
    bodySizes[index] = body;
    size += varintBytes(body) + body;
  }
  const batch = Buffer.allocUnsafe(size);
  let position = batchHeaderBytes;
  for (let index = 0; index < records.length; index++) {
    position = writeVarint(batch, position, bodySizes[index]!);
    position = writeRecord(batch, position, records[index]!, index, baseTimestampMs);
  }
  writeHeader(batch, records, baseTimestampMs, options, 0);
  return batch;
}

/** Encodes records as one compressed batch. */
export async function encodeCompressedBatch(
  records: readonly RecordInput[],
  baseTimestampMs: number,
  compression: Compression,
  options: BatchOptions = {},
): Promise<Buffer> {
  const plain = encodeBatch(records, baseTimestampMs, options);
  const compressed = await compressRecords(compression, plain.subarray(batchHeaderBytes));
  const batch = Buffer.concat([plain.subarray(0, batchHeaderBytes), compressed]);
  const code = compressionNames.indexOf(compression);
  writeHeader(batch, records, baseTimestampMs, options, code);
  return batch;
}

/** The maximum size of a record in a batch, to decide what still fits. */
export function recordBytesMax({ key, value, headers }: RecordInput): number {
  const framing = 30;
  let size = (key?.length ?? 0) + (value?.length ?? 0) + framing;
  if (headers === undefined) return size;
  for (const header of headers) {
    // At most three bytes per character, and two lengths.
    size += header.key.length * 3 + (header.value?.length ?? 0) + 10;
  }
  return size;
}

function writeHeader(
  batch: Buffer,
  records: readonly RecordInput[],
  baseTimestampMs: number,
  options: BatchOptions,
  compression: number,
): void {
  let maxTimestampMs = baseTimestampMs;
  for (const { timestampMs } of records) {
    if (timestampMs !== undefined && timestampMs > maxTimestampMs) maxTimestampMs = timestampMs;
  }
  const flags =
    (options.transactional === true ? transactionalFlag : 0) |
    (options.control === true ? controlFlag : 0);
  batch.writeBigInt64BE(options.baseOffset ?? 0n, 0);
  batch.writeInt32BE(batch.length - lengthEnd, 8);
  batch.writeInt32BE(-1, leaderEpochStart);
  batch[magicStart] = magic;
  batch.writeInt16BE(compression | flags, crcEnd);
  batch.writeInt32BE(records.length - 1, 23);
  batch.writeBigInt64BE(BigInt(baseTimestampMs), 27);
  batch.writeBigInt64BE(BigInt(maxTimestampMs), 35);
  batch.writeBigInt64BE(options.producerId ?? -1n, 43);
  batch.writeInt16BE(options.producerEpoch ?? -1, 51);
  batch.writeInt32BE(options.baseSequence ?? -1, 53);
  batch.writeInt32BE(records.length, recordCountAt);
  batch.writeUInt32BE(checksumOf(batch.subarray(crcEnd)), crcStart);
}

/** The size of the record after its length field. */
function recordBodyBytes(record: RecordInput, index: number, baseTimestampMs: number): number {
  const { key, value, headers, timestampMs } = record;
  const delta = timestampMs === undefined ? 0 : timestampMs - baseTimestampMs;
  let size = 1 + varlongBytes(delta) + varintBytes(index);
  size += nullableBytes(key) + nullableBytes(value) + varintBytes(headers?.length ?? 0);
  for (const header of headers ?? []) {
    const keyBytes = Buffer.byteLength(header.key);
    size += varintBytes(keyBytes) + keyBytes + nullableBytes(header.value);
  }
  return size;
}

function nullableBytes(value: Buffer | null): number {
  return value === null ? 1 : varintBytes(value.length) + value.length;
}

function writeRecord(
  batch: Buffer,
  start: number,
  record: RecordInput,
  index: number,
  baseTimestampMs: number,
): number {
  const { key, value, headers, timestampMs } = record;
  batch[start] = 0;
  const delta = timestampMs === undefined ? 0 : timestampMs - baseTimestampMs;
  let position = writeVarlong(batch, start + 1, delta);
  position = writeVarint(batch, position, index);
  position = writeNullable(batch, position, key);
  position = writeNullable(batch, position, value);
  position = writeVarint(batch, position, headers?.length ?? 0);
  for (const header of headers ?? []) {
    position = writeNullable(batch, position, Buffer.from(header.key));
    position = writeNullable(batch, position, header.value);
  }
  return position;
}

function writeNullable(batch: Buffer, position: number, value: Buffer | null): number {
  if (value === null) return writeVarint(batch, position, -1);
  const start = writeVarint(batch, position, value.length);
  value.copy(batch, start);
  return start + value.length;
}

function varintBytes(value: number): number {
  const zigzag = ((value << 1) ^ (value >> 31)) >>> 0;
  if (zigzag < 0x80) return 1;
  if (zigzag < 0x4000) return 2;
  if (zigzag < 0x200000) return 3;
  return zigzag < 0x10000000 ? 4 : 5;
}

function writeVarint(batch: Buffer, start: number, value: number): number {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0;
  let position = start;
  while (rest >= 0x80) {
    batch[position++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  batch[position++] = rest;
  return position;
}

/** Timestamp deltas are well within the safe integers, so no bigint is needed. */
function varlongBytes(value: number): number {
  let rest = value < 0 ? -2 * value - 1 : 2 * value;
  let size = 1;
  while (rest >= 0x80) {
    rest = Math.floor(rest / 0x80);
    size++;
  }
  return size;
}

function writeVarlong(batch: Buffer, start: number, value: number): number {
  let rest = value < 0 ? -2 * value - 1 : 2 * value;
  let position = start;
  while (rest >= 0x80) {
    batch[position++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  batch[position++] = rest;
  return position;
}

/**
 * Reads the headers of the batches in a fetch response. A truncated batch at the end, which Kafka
 * may send, is left out. Throws WireError if the bytes are not batches.
 */
export function readBatches(bytes: Buffer): RecordBatch[] {
  const batches: RecordBatch[] = [];
  let position = 0;
  while (bytes.length - position > magicStart) {
    const size = bytes.readInt32BE(position + 8) + lengthEnd;
    const format = bytes[position + magicStart]!;
    if (format > magic) throw new WireError(`records of the unknown message format ${format}`);
    const sizeMin = format === magic ? batchHeaderBytes : oldHeaderBytes;
    if (size < sizeMin) throw new WireError(`batch of ${size} bytes`);
    if (size > bytes.length - position) break;
    const batch = bytes.subarray(position, position + size);
    batches.push(format === magic ? readBatch(batch) : readOldMessage(batch));
    position += size;
  }
  return batches;
}

function readBatch(bytes: Buffer): RecordBatch {
  const attributes = bytes.readInt16BE(crcEnd);
  const compression = compressionNames[attributes & compressionMask];
  if (compression === undefined) throw new WireError('unknown compression');
  const baseOffset = bytes.readBigInt64BE(0);
  const lastOffsetDelta = bytes.readInt32BE(23);
  const recordCount = bytes.readInt32BE(recordCountAt);
  if (lastOffsetDelta < 0 || recordCount < 0) throw new WireError('batch with a negative count');
  return {
    magic,
    baseOffset,
    lastOffset: baseOffset + BigInt(lastOffsetDelta),
    recordCount,
    baseTimestampMs: Number(bytes.readBigInt64BE(27)),
    maxTimestampMs: Number(bytes.readBigInt64BE(35)),
    appendTime: (attributes & appendTimeFlag) !== 0,
    compression,
    transactional: (attributes & transactionalFlag) !== 0,
    control: (attributes & controlFlag) !== 0,
    producerId: bytes.readBigInt64BE(43),
    producerEpoch: bytes.readInt16BE(51),
    baseSequence: bytes.readInt32BE(53),
    bytes,
    plain: compression === 'none' ? bytes.subarray(batchHeaderBytes) : undefined,
  };
}

/**
 * The batch with its records decompressed, as required for decoding records; the batch itself if it
 * is not compressed. Throws WireError if the data is corrupt, or would be larger than `bytesMax`
 * bytes.
 */
export async function unpackBatch(
  batch: RecordBatch,
  bytesMax = decompressedBytesMax,
): Promise<RecordBatch> {
  if (batch.plain !== undefined) return batch;
  const packed = batch.magic < magic ? oldValueOf(batch) : batch.bytes.subarray(batchHeaderBytes);
  return { ...batch, plain: await decompressRecords(batch.compression, packed, bytesMax) };
}

/** Whether the batch's checksum matches its bytes. */
export function isIntact(batch: RecordBatch): boolean {
  if (batch.magic < magic) return isOldIntact(batch);
  return batch.bytes.readUInt32BE(crcStart) === checksumOf(batch.bytes.subarray(crcEnd));
}

/** A record with its headers, which other readers skip. */
export type FullRecord = BatchRecord & { readonly headers: readonly Header[] };

/** Decodes the records of an uncompressed batch. Throws WireError. */
export function recordsOf(batch: RecordBatch): BatchRecord[] {
  if (batch.magic < magic) return oldRecordsOf(batch);
  const records: BatchRecord[] = [];
  eachRecord(batch, (reader, offsetDelta, timestampMs, key, value, end) => {
    reader.position = end;
    records.push({ offsetDelta, timestampMs, key, value });
  });
  return records;
}

/** As recordsOf, with headers. */
export function fullRecordsOf(batch: RecordBatch): FullRecord[] {
  if (batch.magic < magic) return oldRecordsOf(batch).map((each) => ({ ...each, headers: [] }));
  const records: FullRecord[] = [];
  eachRecord(batch, (reader, offsetDelta, timestampMs, key, value, end) => {
    const headers = readHeaders(reader, end);
    records.push({ offsetDelta, timestampMs, key, value, headers });
  });
  return records;
}

/** What `visitRecords` visits: a record, by its distance from the batch's base offset. */
export type VisitRecord = (
  offsetDelta: number,
  timestampMs: number,
  key: Buffer | null,
  value: Buffer | null,
) => void;

/**
 * Visits the records of an uncompressed batch between two distances from its base offset, both
 * included; of others nothing is decoded. Throws WireError.
 */
export function visitRecords(
  batch: RecordBatch,
  deltaMin: number,
  deltaMax: number,
  visit: VisitRecord,
): void {
  if (batch.magic < magic) {
    for (const { offsetDelta, timestampMs, key, value } of oldRecordsOf(batch)) {
      if (offsetDelta < deltaMin || offsetDelta > deltaMax) continue;
      visit(offsetDelta, timestampMs, key, value);
    }
    return;
  }
  const reader = readerOf(batch);
  for (let index = 0; index < batch.recordCount; index++) {
    const size = reader.varint();
    const end = reader.take(size) + size;
    reader.position = end - size + 1;
    const timestampMs = timestampIn(batch, reader);
    const offsetDelta = reader.varint();
    if (offsetDelta > deltaMax) return;
    if (offsetDelta >= deltaMin) {
      const key = readNullable(reader);
      const value = readNullable(reader);
      if (reader.position > end) throw new WireError('record longer than it says');
      visit(offsetDelta, timestampMs, key, value);
    }
    reader.position = end;
  }
}

type Visit = (
  reader: Reader,
  offsetDelta: number,
  timestampMs: number,
  key: Buffer | null,
  value: Buffer | null,
  end: number,
) => void;

/** The smallest record: its length and six fields of one byte each. */
const recordBytesMin = 7;

function readerOf({ plain, recordCount }: RecordBatch): Reader {
  if (plain === undefined) throw new WireError('records that are still compressed');
  if (recordCount * recordBytesMin > plain.length) {
    throw new WireError(`${recordCount} records in ${plain.length} bytes`);
  }
  return new Reader(plain);
}

function timestampIn(batch: RecordBatch, reader: Reader): number {
  const delta = reader.varlongAsNumber();
  return batch.appendTime ? batch.maxTimestampMs : batch.baseTimestampMs + delta;
}

function eachRecord(batch: RecordBatch, visit: Visit): void {
  const reader = readerOf(batch);
  for (let index = 0; index < batch.recordCount; index++) {
    const size = reader.varint();
    const start = reader.take(size);
    reader.position = start + 1;
    const timestampMs = timestampIn(batch, reader);
    const offsetDelta = reader.varint();
    const key = readNullable(reader);
    const value = readNullable(reader);
    if (reader.position > start + size) throw new WireError('record longer than it says');
    visit(reader, offsetDelta, timestampMs, key, value, start + size);
  }
}

function readNullable(reader: Reader): Buffer | null {
  const size = reader.varint();
  if (size >= 0) return reader.bytes(size);
  if (size !== -1) throw new WireError(`length of ${size}`);
  return null;
}

function readHeaders(reader: Reader, end: number): Header[] {
  const count = reader.varint();
  if (count < 0 || count > end - reader.position) throw new WireError(`${count} headers`);
  const headers: Header[] = [];
  for (let index = 0; index < count; index++) {
    const key = readNullable(reader);
    if (key === null) throw new WireError('header with no key');
    headers.push({ key: key.toString('utf8'), value: readNullable(reader) });
  }
  if (reader.position > end) throw new WireError('record longer than it says');
  reader.position = end;
  return headers;
}

/** The epoch of the leader that appended the batch; −1 if the format does not have it. */
export function leaderEpochOf({ magic: format, bytes }: RecordBatch): number {
  return format < magic ? -1 : bytes.readInt32BE(leaderEpochStart);
}

const abortMarker = 0;
const commitMarker = 1;

/** The transaction result in a control batch's marker. */
export function markerOf(batch: RecordBatch): 'abort' | 'commit' | 'other' {
  const key = recordsOf(batch)[0]?.key;
  if (key === null || key === undefined || key.length < 4) return 'other';
  const type = key.readInt16BE(2);
  if (type === abortMarker) return 'abort';
  return type === commitMarker ? 'commit' : 'other';
}
