/**
 * What a Produce request is for: topics, partitions, and how much goes to each. Records are passed
 * over where they lie; a request that came in pieces stays in them.
 * Source: the Kafka protocol guide, "Produce API" and "Record Batch".
 */
import { elementsMax, Reader, skipTags, WireError } from '../primitives.ts';
import { batchHeaderBytes } from '../record-batch.ts';
import type { RequestHead } from './request-head.ts';

const flexibleSince = 9;
const topicIdsSince = 13;
const topicIdBytes = 16;
const fixedBytes = 14;
const varintBytesMax = 5;
const noBytes = Buffer.alloc(0);
/** Where a batch says how many records it has. */
const batchCountAt = 57;
/** Of an answer: index, error code, base offset, append time, start of the log. */
const answerFixedBytes = 4 + 2 + 8 + 8 + 8;
/** What a partition has in front of its records, with the header of their first batch. */
const partitionHeadBytesMax = 4 + varintBytesMax + batchHeaderBytes;

export type TopicLabel = {
  /** Up to version 12. */
  readonly name: string | undefined;
  /** In base64url, from version 13 on. */
  readonly id: string | undefined;
};

export type ScannedTopic = TopicLabel & {
  readonly partitions: readonly number[];
  /** Of each of the partitions: bytes, as they are on the wire, and records. */
  readonly bytes: readonly number[];
  readonly records: readonly number[];
};

type ProduceTerms = {
  readonly transactionalId: string | null;
  /** −1 by all replicas in sync, 1 by the leader, 0 for no answer. */
  readonly acks: number;
  /** Where the two bytes of `acks` stand in the frame. */
  readonly acksAt: number;
};

export type ProduceScan = ProduceTerms & { readonly topics: readonly ScannedTopic[] };

/** `pieces` are the whole frame, its length in front. Throws WireError. */
export function scanProduce(pieces: readonly Buffer[], { version }: RequestHead): ProduceScan {
  const cursor = new PieceCursor(pieces);
  const flexible = version >= flexibleSince;
  const { transactionalId, acks, acksAt } = scanTerms(cursor, flexible);
  const topics: ScannedTopic[] = [];
  for (let left = cursor.count(flexible); left > 0; left--) {
    const topic = new TopicTally(scanLabel(cursor, version));
    scanPartitions(cursor, flexible, topic);
    topics.push(topic);
  }
  return { transactionalId, acks, acksAt, topics };
}

function scanTerms(cursor: PieceCursor, flexible: boolean): ProduceTerms {
  cursor.skip(fixedBytes - 2);
  cursor.skip(Math.max(0, cursor.int16()));
  if (flexible) cursor.skipTags();
  const idBytes = flexible ? cursor.uvarint() - 1 : cursor.int16();
  const transactionalId = idBytes < 0 ? null : cursor.take(idBytes).toString();
  const acksAt = cursor.position;
  const acks = cursor.int16();
  cursor.skip(4);
  return { transactionalId, acks, acksAt };
}

function scanLabel(cursor: PieceCursor, version: number): TopicLabel {
  if (version >= topicIdsSince) {
    return { name: undefined, id: cursor.take(topicIdBytes).toString('base64url') };
  }
  const size = version >= flexibleSince ? cursor.uvarint() - 1 : cursor.int16();
  return { name: cursor.take(size).toString(), id: undefined };
}

function scanPartitions(cursor: PieceCursor, flexible: boolean, tally: TopicTally): void {
  for (let left = cursor.count(flexible); left > 0; left--) {
    const index = cursor.int32();
    const size = Math.max(0, flexible ? cursor.uvarint() - 1 : cursor.int32());
    let records = Math.min(size, 1);
    if (size >= batchHeaderBytes) {
      cursor.skip(batchCountAt);
      records = cursor.int32();
      cursor.skip(size - batchCountAt - 4);
    } else {
      cursor.skip(size);
    }
    tally.add(index, size, records);
    if (flexible) cursor.skipTags();
  }
  if (flexible) cursor.skipTags();
}

/** Counts what goes to the partitions of a topic. */
class TopicTally implements ScannedTopic {
  readonly name: string | undefined;
  readonly id: string | undefined;
  readonly partitions: number[] = [];
  readonly bytes: number[] = [];
  readonly records: number[] = [];

  constructor({ name, id }: TopicLabel) {
    this.name = name;
    this.id = id;
  }

  add(index: number, bytes: number, records: number): void {
    if (this.partitions.length >= elementsMax) throw new WireError('too many partitions');
    this.partitions.push(index);
    this.bytes.push(bytes);
    this.records.push(records);
  }
}

/** The start of a Produce request for one topic, up to its partitions. */
export type ProduceStart = ProduceTerms & {
  readonly topic: TopicLabel;
  readonly partitionCount: number;
  /** Where the partitions begin in the frame. */
  readonly partitionsAt: number;
};

/**
 * `start` is what is there of a frame, its length in front. Undefined where the request is for
 * several topics, or where it is not told yet.
 */
export function scanProduceStart(
  start: Buffer,
  { version }: RequestHead,
): ProduceStart | undefined {
  const cursor = new PieceCursor([start]);
  const flexible = version >= flexibleSince;
  try {
    const { transactionalId, acks, acksAt } = scanTerms(cursor, flexible);
    if (cursor.count(flexible) !== 1) return undefined;
    const topic = scanLabel(cursor, version);
    const partitionCount = cursor.count(flexible);
    const partitionsAt = cursor.position;
    return { transactionalId, acks, acksAt, topic, partitionCount, partitionsAt };
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

/**
 * A Produce request for one topic that goes on while it comes. Numbers that are no partitions are
 * given as others that no broker has, below 0, so that nothing is written there.
 */
export class ProduceWalk {
  readonly #topic: TopicTally;
  /** Numbers that were replaced, by what is given instead. */
  readonly replaced = new Map<number, number>();
  readonly #flexible: boolean;
  readonly #partitionsEnd: number;
  /** Of the frame: bytes that are still to pass. */
  #left: number;
  /** Bytes that pass without a look. */
  #unseen: number;
  #partitionsLeft: number;
  #tagsAreNext = false;
  #tagsLeft = 0;

  /** Partitions are numbered below `partitionsEnd`. */
  constructor(start: ProduceStart, { size, version }: RequestHead, partitionsEnd: number) {
    this.#topic = new TopicTally(start.topic);
    this.#flexible = version >= flexibleSince;
    this.#partitionsEnd = partitionsEnd;
    this.#left = size + 4;
    this.#unseen = start.partitionsAt;
    this.#partitionsLeft = start.partitionCount;
  }

  /** As far as it has come. */
  get topic(): ScannedTopic {
    return this.#topic;
  }

  get isDone(): boolean {
    return this.#left === 0;
  }

  /**
   * Goes on through the bytes from `position` on, which are the next of the frame. Answers up to
   * where they may pass; the rest is wanted again with what follows. Throws WireError.
   */
  through(buffer: Buffer, position: number): number {
    const frameEnd = position + this.#left;
    const reader = new Reader(buffer, position, Math.min(buffer.length, frameEnd));
    const isRest = frameEnd <= buffer.length;
    while (reader.remaining > 0) {
      const unseen = Math.min(this.#unseen, reader.remaining);
      reader.take(unseen);
      this.#unseen -= unseen;
      if (reader.remaining === 0) break;
      if (!isRest && reader.remaining < partitionHeadBytesMax) break;
      this.#look(reader, frameEnd);
    }
    this.#left = frameEnd - reader.position;
    if (this.#left === 0 && this.#partitionsLeft > 0) {
      throw new WireError('a Produce request ends early');
    }
    return reader.position;
  }

  #look(reader: Reader, frameEnd: number): void {
    if (this.#tagsLeft > 0) {
      reader.uvarint();
      this.#unseen = reader.uvarint();
      this.#tagsLeft--;
    } else if (this.#tagsAreNext) {
      this.#tagsLeft = reader.uvarint();
      this.#tagsAreNext = false;
    } else if (this.#partitionsLeft > 0) {
      this.#lookAtPartition(reader, frameEnd);
    } else {
      this.#unseen = frameEnd - reader.position;
    }
  }

  #lookAtPartition(reader: Reader, frameEnd: number): void {
    const { buffer } = reader;
    const indexAt = reader.take(4);
    const index = buffer.readInt32BE(indexAt);
    const size = Math.max(0, this.#flexible ? reader.uvarint() - 1 : reader.int32());
    if (size > frameEnd - reader.position) throw new WireError('a Produce request ends early');
    const hasHeader = size >= batchHeaderBytes;
    const countAt = reader.position + batchCountAt;
    this.#topic.add(index, size, hasHeader ? buffer.readInt32BE(countAt) : Math.min(size, 1));
    if (index >= this.#partitionsEnd) {
      buffer.writeInt32BE(~index, indexAt);
      this.replaced.set(~index, index);
    }
    this.#unseen = size;
    this.#partitionsLeft--;
    this.#tagsAreNext = this.#flexible;
  }
}

/** Reads forward over pieces that are one frame. What lies within a piece is read where it is. */
class PieceCursor {
  readonly #pieces: readonly Buffer[];
  #nth = 0;
  #piece: Buffer;
  #at = 0;
  /** Bytes of the pieces before this one. */
  #before = 0;

  constructor(pieces: readonly Buffer[]) {
    this.#pieces = pieces;
    this.#piece = pieces[0] ?? noBytes;
  }

  get position(): number {
    return this.#before + this.#at;
  }

  skip(size: number): void {
    this.#at += size;
    while (this.#at > this.#piece.length) this.#next();
  }

  /** A view where it lies within a piece; for short values only. */
  take(size: number): Buffer {
    const end = this.#at + size;
    if (end <= this.#piece.length) {
      const view = this.#piece.subarray(this.#at, end);
      this.#at = end;
      return view;
    }
    const parts: Buffer[] = [];
    for (let left = size; left > 0;) {
      if (this.#at === this.#piece.length) this.#next();
      const part = this.#piece.subarray(this.#at, this.#at + left);
      parts.push(part);
      left -= part.length;
      this.#at += part.length;
    }
    return Buffer.concat(parts);
  }

  int16(): number {
    if (this.#piece.length - this.#at < 2) return this.take(2).readInt16BE();
    this.#at += 2;
    return this.#piece.readInt16BE(this.#at - 2);
  }

  int32(): number {
    if (this.#piece.length - this.#at < 4) return this.take(4).readInt32BE();
    this.#at += 4;
    return this.#piece.readInt32BE(this.#at - 4);
  }

  uvarint(): number {
    let value = 0;
    for (let index = 0; index < varintBytesMax; index++) {
      if (this.#at === this.#piece.length) this.#next();
      const byte = this.#piece[this.#at++]!;
      value += (byte & 0x7f) * 2 ** (7 * index);
      if (byte < 0x80) return value;
    }
    throw new WireError('varint longer than 32 bits');
  }

  count(flexible: boolean): number {
    return flexible ? this.uvarint() - 1 : this.int32();
  }

  skipTags(): void {
    for (let tags = this.uvarint(); tags > 0; tags--) {
      this.uvarint();
      this.skip(this.uvarint());
    }
  }

  #next(): void {
    const piece = this.#pieces[++this.#nth];
    if (piece === undefined) throw new WireError('a Produce request ends early');
    this.#before += this.#piece.length;
    this.#at -= this.#piece.length;
    this.#piece = piece;
  }
}

/**
 * Whether an answer to Produce of version 10 or later, its length in front, surely names no
 * brokers, so that it may go on as it is. All of it must be there.
 */
export function namesNoBrokers(frame: Buffer, start: number, version: number): boolean {
  const end = start + 4 + frame.readInt32BE(start);
  const reader = new Reader(frame, start + 8, end);
  skipTags(reader);
  for (let topics = reader.uvarint() - 1; topics > 0; topics--) {
    reader.take(version >= topicIdsSince ? topicIdBytes : reader.uvarint() - 1);
    for (let partitions = reader.uvarint() - 1; partitions > 0; partitions--) {
      reader.take(answerFixedBytes);
      // Record errors, and a message: rare, and not looked at here.
      if (reader.uvarint() !== 1 || reader.uvarint() !== 0) return false;
      skipTags(reader);
    }
    skipTags(reader);
  }
  reader.take(4);
  return reader.uvarint() === 0;
}
