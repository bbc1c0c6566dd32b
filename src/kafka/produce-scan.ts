/**
 * What a Produce request is for: topics and partitions. Records are passed over where they lie; a
 * request that came in pieces stays in them.
 */
import { WireError } from '../wire/primitives.ts';
import type { RequestHead } from './request-head.ts';

const flexibleSince = 9;
const topicIdsSince = 13;
const topicIdBytes = 16;
const fixedBytes = 14;
const varintBytesMax = 5;

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

/** Reads forward over pieces that are one frame. */
class PieceCursor {
  readonly #pieces: readonly Buffer[];
  #piece = 0;
  #at = 0;
  position = 0;

  constructor(pieces: readonly Buffer[]) {
    this.#pieces = pieces;
  }

  skip(size: number): void {
    let left = size;
    while (left > 0) {
      const here = Math.min(left, this.#rest().length);
      this.#advance(here);
      left -= here;
    }
  }

  /** Copies: for short values only. */
  take(size: number): Buffer {
    const parts: Buffer[] = [];
    let left = size;
    while (left > 0) {
      const part = this.#rest().subarray(0, left);
      parts.push(part);
      this.#advance(part.length);
      left -= part.length;
    }
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  }

  int16(): number {
    return this.take(2).readInt16BE();
  }

  int32(): number {
    return this.take(4).readInt32BE();
  }

  uvarint(): number {
    let value = 0;
    for (let index = 0; index < varintBytesMax; index++) {
      const byte = this.#rest()[0]!;
      this.#advance(1);
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

  /** What is left of the present piece, at least one byte. */
  #rest(): Buffer {
    const piece = this.#pieces[this.#piece];
    if (piece === undefined) throw new WireError('a Produce request ends early');
    return piece.subarray(this.#at);
  }

  #advance(size: number): void {
    this.position += size;
    this.#at += size;
    while (this.#piece < this.#pieces.length && this.#at >= this.#pieces[this.#piece]!.length) {
      this.#at -= this.#pieces[this.#piece]!.length;
      this.#piece++;
    }
  }
}
