/**
 * What a Produce request writes: topics, partitions, and how much goes to each. Records are skipped
 * in place; a request that arrived in pieces stays in pieces. Source: the Kafka protocol guide,
 * "Produce API" and "Record Batch".
 */
import { readResponseHeader } from '../header.ts';
import { produceRequest, produceResponse } from '../messages/00-produce.ts';
import { Reader, varintBytesMax, WireError } from '../primitives.ts';
import { batchHeaderBytes, recordCountAt } from '../record-batch.ts';
import {
  readBytesSize,
  readCount,
  fieldsIn,
  layoutOf,
  perVersion,
  readStringSize,
} from './layout.ts';
import { PieceCursor } from './piece-cursor.ts';
import { passHead, type RequestHead } from './request-head.ts';
import { readLabel, type TopicLabel } from './topic-label.ts';

/** The bytes of a partition before its records, including the header of their first batch. */
const partitionHeadBytesMax = 4 + varintBytesMax + batchHeaderBytes;

const layoutsOf = perVersion(produceRequest, (version, flexible) => {
  const { fields } = produceRequest;
  const topicFields = fieldsIn(fields.topicData);
  const partitionFields = fieldsIn(topicFields['partitionData']!);
  const stops = { transactionalId: 'string', acks: 'int16', topicData: 'array' } as const;
  const topicStops = { 'name?': 'string', 'topicId?': 'uuid', partitionData: 'array' } as const;
  const partitionStops = { index: 'int32', records: 'records' } as const;
  return {
    flexible,
    request: layoutOf(fields, version, flexible, stops),
    topic: layoutOf(topicFields, version, flexible, topicStops),
    partition: layoutOf(partitionFields, version, flexible, partitionStops),
  };
});
type Layouts = ReturnType<typeof layoutsOf>;

export type ScannedTopic = TopicLabel & {
  readonly partitions: readonly number[];
  /** For each partition: its bytes, as on the wire, and its number of records. */
  readonly bytes: readonly number[];
  readonly records: readonly number[];
};

type ProduceTerms = {
  readonly transactionalId: string | null;
  /** −1: all in-sync replicas acknowledge; 1: the leader does; 0: there is no response. */
  readonly acks: number;
  /** The position of `acks` (two bytes) in the frame. */
  readonly acksAt: number;
};

export type ProduceScan = ProduceTerms & { readonly topics: readonly ScannedTopic[] };

/** `pieces` are the whole frame, including its length. Throws WireError. */
export function scanProduce(pieces: readonly Buffer[], { version }: RequestHead): ProduceScan {
  const cursor = new PieceCursor(pieces);
  const layouts = layoutsOf(version);
  const { transactionalId, acks, acksAt } = scanTerms(cursor, layouts);
  const topics: ScannedTopic[] = [];
  layouts.request.to.topicData(cursor);
  for (let left = readCount(cursor, layouts.flexible); left > 0; left--) {
    topics.push(scanTopic(cursor, layouts));
  }
  return { transactionalId, acks, acksAt, topics };
}

function scanTerms(cursor: PieceCursor, { flexible, request }: Layouts): ProduceTerms {
  passHead(cursor, flexible);
  request.to.transactionalId(cursor);
  const idBytes = readStringSize(cursor, flexible);
  const transactionalId = idBytes < 0 ? null : cursor.string(idBytes);
  request.to.acks(cursor);
  const acksAt = cursor.position;
  const acks = cursor.int16();
  return { transactionalId, acks, acksAt };
}

function scanLabel(cursor: PieceCursor, { flexible, topic: { to } }: Layouts): TopicLabel {
  const label = readLabel(cursor, flexible, to.name, to.topicId);
  to.partitionData(cursor);
  return label;
}

function scanTopic(cursor: PieceCursor, layouts: Layouts): ScannedTopic {
  const { flexible, topic, partition } = layouts;
  const { to, end } = partition;
  const tally = new TopicTally(scanLabel(cursor, layouts));
  for (let left = readCount(cursor, flexible); left > 0; left--) {
    to.index(cursor);
    const index = cursor.int32();
    to.records(cursor);
    const size = readBytesSize(cursor, flexible);
    let records = Math.min(size, 1);
    if (size >= batchHeaderBytes) {
      cursor.take(recordCountAt);
      records = cursor.int32();
      cursor.take(size - batchHeaderBytes);
    } else {
      cursor.take(size);
    }
    tally.add(index, size, records);
    end(cursor);
  }
  topic.end(cursor);
  return tally;
}

/** Counts what is written to the partitions of a topic. */
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
    this.partitions.push(index);
    this.bytes.push(bytes);
    this.records.push(records);
  }
}

/** The start of a Produce request for one topic, up to its partitions. */
export type ProduceStart = ProduceTerms & {
  readonly topic: TopicLabel;
  readonly partitionCount: number;
  /** The start of the partitions in the frame. */
  readonly partitionsAt: number;
};

/**
 * `start` is the received part of a frame, including its length. Undefined if the request is for
 * several topics, or if that is not known yet.
 */
export function scanProduceStart(
  start: Buffer,
  { version }: RequestHead,
): ProduceStart | undefined {
  const cursor = new PieceCursor([start]);
  const layouts = layoutsOf(version);
  if (!isWalked(layouts)) return undefined;
  try {
    const terms = scanTerms(cursor, layouts);
    layouts.request.to.topicData(cursor);
    if (readCount(cursor, layouts.flexible) !== 1) return undefined;
    const topic = scanLabel(cursor, layouts);
    const partitionCount = readCount(cursor, layouts.flexible);
    return { ...terms, topic, partitionCount, partitionsAt: cursor.position };
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

/** Whether a partition consists of its index and its records only, as ProduceWalk assumes. */
function isWalked({ partition }: Layouts): boolean {
  return partition.passed.length === 0;
}

/**
 * A Produce request for one topic that is forwarded while it arrives. Indexes that must not be
 * written are replaced by negative ones, which no broker has, so nothing is written there.
 */
export class ProduceWalk {
  readonly #topic: TopicTally;
  /** The original indexes, by their replacements. */
  readonly replaced = new Map<number, number>();
  readonly #flexible: boolean;
  readonly #partitionsEnd: number;
  /** Bytes of the frame that are still to be forwarded. */
  #left: number;
  /** Bytes that are forwarded without inspection. */
  #unseen: number;
  #partitionsLeft: number;
  #tagsAreNext = false;
  #tagsLeft = 0;

  /** Valid partition indexes are below `partitionsEnd`. */
  constructor(start: ProduceStart, { size, version }: RequestHead, partitionsEnd: number) {
    this.#topic = new TopicTally(start.topic);
    this.#flexible = layoutsOf(version).flexible;
    this.#partitionsEnd = partitionsEnd;
    this.#left = size + 4;
    this.#unseen = start.partitionsAt;
    this.#partitionsLeft = start.partitionCount;
  }

  /** The topic, with the partitions seen so far. */
  get topic(): ScannedTopic {
    return this.#topic;
  }

  get isDone(): boolean {
    return this.#left === 0;
  }

  /**
   * Continues with the frame's next bytes, which start at `position`. Returns up to where they may
   * be forwarded; the rest must be passed again together with the bytes that follow. Throws
   * WireError.
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
    const size = readBytesSize(reader, this.#flexible);
    if (size > frameEnd - reader.position) throw new WireError('a Produce request ends early');
    const hasHeader = size >= batchHeaderBytes;
    const countAt = reader.position + recordCountAt;
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

const answerLayoutsOf = perVersion(produceResponse, (version, flexible) => {
  const { fields } = produceResponse;
  const { since = 0, until = Infinity, tag } = fields.nodeEndpoints.options;
  if (tag === undefined) throw new Error('brokers are looked for among the tagged fields');
  return {
    mayNameBrokers: version >= since && version <= until,
    throttle: layoutOf(fields, version, flexible, { throttleTimeMs: 'int32' } as const),
    whole: layoutOf(fields, version, flexible, {}),
  };
});

/** Whether responses of this version may name brokers. */
export function mayNameBrokers(version: number): boolean {
  return answerLayoutsOf(version).mayNameBrokers;
}

/**
 * Whether a Produce response, whose length is at `start`, certainly names no brokers and can be
 * forwarded unchanged. That is not known of one that may name some and is not complete.
 */
export function namesNoBrokers(buffer: Buffer, start: number, version: number): boolean {
  const layouts = answerLayoutsOf(version);
  if (!layouts.mayNameBrokers) return true;
  const end = start + 4 + buffer.readInt32BE(start);
  if (end > buffer.length) return false;
  const reader = new Reader(buffer, start + 4, end);
  readResponseHeader(reader, produceResponse, version);
  layouts.whole.rest(reader);
  const tags = reader.uvarint();
  return tags === 0;
}

/** The position of `throttle_time_ms` in a Produce response that starts with its length. */
export function produceThrottleAt(frame: Buffer, version: number): number {
  const reader = new Reader(frame, 4);
  readResponseHeader(reader, produceResponse, version);
  answerLayoutsOf(version).throttle.to.throttleTimeMs(reader);
  return reader.take(4);
}
