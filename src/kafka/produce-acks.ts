/**
 * The durability floor: what is written to a stream with Kinesis rules is answered when it is in
 * sync on replicas, whatever the client asked. Of a Produce request only names and lengths are
 * read; records are passed over where they lie, and two bytes are changed in place.
 */
import type { ValueOf } from '../wire/message.ts';
import type { produceResponse } from '../wire/messages/00-produce.ts';
import { WireError } from '../wire/primitives.ts';
import type { KafkaContext } from './api.ts';
import type { RequestHead } from './request-head.ts';
import { hasKinesisRules } from './stream-rules-view.ts';

export const acksAll = -1;

const flexibleSince = 9;
const topicIdsSince = 13;
const topicIdBytes = 16;
const fixedBytes = 14;
const varintBytesMax = 5;

export type ProduceScan = {
  /** Where the two bytes of `acks` stand in the frame. */
  readonly acksAt: number;
  /** Topics by name, up to version 12. */
  readonly names: readonly string[];
  /** Topics by id in base64url, from version 13 on. */
  readonly ids: readonly string[];
};

/** `pieces` are the whole frame, its length in front. Throws WireError. */
export function scanProduce(pieces: readonly Buffer[], { version }: RequestHead): ProduceScan {
  const cursor = new PieceCursor(pieces);
  const flexible = version >= flexibleSince;
  cursor.skip(fixedBytes - 2);
  cursor.skip(Math.max(0, cursor.int16()));
  if (flexible) cursor.skipTags();
  const transactionalIdBytes = flexible ? cursor.uvarint() - 1 : cursor.int16();
  cursor.skip(Math.max(0, transactionalIdBytes));
  const acksAt = cursor.position;
  cursor.skip(2 + 4);
  const names: string[] = [];
  const ids: string[] = [];
  for (let topics = cursor.count(flexible); topics > 0; topics--) {
    if (version >= topicIdsSince) ids.push(cursor.take(topicIdBytes).toString('base64url'));
    else names.push(cursor.take(flexible ? cursor.uvarint() - 1 : cursor.int16()).toString());
    for (let partitions = cursor.count(flexible); partitions > 0; partitions--) {
      cursor.skip(4);
      cursor.skip(Math.max(0, flexible ? cursor.uvarint() - 1 : cursor.int32()));
      if (flexible) cursor.skipTags();
    }
    if (flexible) cursor.skipTags();
  }
  return { acksAt, names, ids };
}

/** Asks for all replicas in sync, in the bytes as they are. */
export function raiseAcks(pieces: readonly Buffer[], acksAt: number): void {
  let start = 0;
  for (const piece of pieces) {
    for (const at of [acksAt - start, acksAt + 1 - start]) {
      if (at >= 0 && at < piece.length) piece[at] = 0xff;
    }
    start += piece.length;
  }
}

/** Whether one of the topics has Kinesis rules; so too where nobody can tell now. */
export async function wantsFloor(
  { names, ids }: ProduceScan,
  { streams, topicNames }: Pick<KafkaContext, 'streams' | 'topicNames'>,
): Promise<boolean> {
  const topics = [...names, ...ids.map((id) => topicNames.get(id))];
  const answers = await Promise.all(
    topics.map((topic) => topic === undefined || hasKinesisRules(streams, topic).catch(() => true)),
  );
  return answers.includes(true);
}

/** Whether a decoded Produce response tells of an error. */
export function hasProduceError(response: unknown): boolean {
  const { responses } = response as ValueOf<typeof produceResponse>;
  return responses.some(({ partitionResponses }) =>
    partitionResponses.some(({ errorCode }) => errorCode !== 0),
  );
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
