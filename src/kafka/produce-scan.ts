/**
 * What a Produce request is for: topics and partitions. Records are passed over where they lie; a
 * request that came in pieces stays in them.
 */
import { skipTags } from '../wire/header.ts';
import { Reader, WireError } from '../wire/primitives.ts';
import type { RequestHead } from './request-head.ts';

const flexibleSince = 9;
const topicIdsSince = 13;
const topicIdBytes = 16;
const fixedBytes = 14;
const varintBytesMax = 5;
const noBytes = Buffer.alloc(0);
/** Of an answer: index, error code, base offset, append time, start of the log. */
const answerFixedBytes = 4 + 2 + 8 + 8 + 8;

export type ScannedTopic = {
  /** Up to version 12. */
  readonly name: string | undefined;
  /** In base64url, from version 13 on. */
  readonly id: string | undefined;
  readonly partitions: readonly number[];
};

export type ProduceScan = {
  readonly transactionalId: string | null;
  /** −1 by all replicas in sync, 1 by the leader, 0 for no answer. */
  readonly acks: number;
  /** Where the two bytes of `acks` stand in the frame. */
  readonly acksAt: number;
  readonly topics: readonly ScannedTopic[];
};

/** `pieces` are the whole frame, its length in front. Throws WireError. */
export function scanProduce(pieces: readonly Buffer[], { version }: RequestHead): ProduceScan {
  const cursor = new PieceCursor(pieces);
  const flexible = version >= flexibleSince;
  cursor.skip(fixedBytes - 2);
  cursor.skip(Math.max(0, cursor.int16()));
  if (flexible) cursor.skipTags();
  const idBytes = flexible ? cursor.uvarint() - 1 : cursor.int16();
  const transactionalId = idBytes < 0 ? null : cursor.take(idBytes).toString();
  const acksAt = cursor.position;
  const acks = cursor.int16();
  cursor.skip(4);
  const topics: ScannedTopic[] = [];
  for (let left = cursor.count(flexible); left > 0; left--) {
    const byId = version >= topicIdsSince;
    const id = byId ? cursor.take(topicIdBytes).toString('base64url') : undefined;
    const name = byId
      ? undefined
      : cursor.take(flexible ? cursor.uvarint() - 1 : cursor.int16()).toString();
    topics.push({ name, id, partitions: scanPartitions(cursor, flexible) });
  }
  return { transactionalId, acks, acksAt, topics };
}

function scanPartitions(cursor: PieceCursor, flexible: boolean): readonly number[] {
  const partitions: number[] = [];
  for (let left = cursor.count(flexible); left > 0; left--) {
    partitions.push(cursor.int32());
    cursor.skip(Math.max(0, flexible ? cursor.uvarint() - 1 : cursor.int32()));
    if (flexible) cursor.skipTags();
  }
  if (flexible) cursor.skipTags();
  return partitions;
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
