/**
 * The limits of shards as Kafka tells limits: what was written or read is counted, the answer says
 * in `throttle_time_ms` for how long the client should wait, and its connection is not read for so
 * long (KIP-219). Nothing is refused and nothing fails. The budgets are those of the Kinesis door
 * (src/streams/limits/shard-limits.ts).
 *
 * Bytes are those of record batches as they pass, compressed where they are; records are counted by
 * the headers of batches. Topics that follow Kafka's rules have no budgets, and answers to clients
 * that read only such topics pass unseen.
 */
import { isOpen, type Stream } from '../../domain/streams/stream.ts';
import type { LimitObserver } from '../../ports/observer.ts';
import type { ShardLimits } from '../../streams/limits/shard-limits.ts';
import { scanFetch, scanFetched } from '../../wire/scan/fetch.ts';
import { produceThrottleAt, type ScannedTopic } from '../../wire/scan/produce.ts';
import type { RequestHead } from '../../wire/scan/request-head.ts';
import type { TopicLabel } from '../../wire/scan/topic-label.ts';
import type { TopicNames } from './topic-names.ts';

/**
 * Where a client may be told to wait, it is answered with no more than this at once, or with one
 * batch: its answer is held until all of it has been counted. Kafka, too, makes the answers of
 * clients with quotas smaller.
 */
export const heldFetchBytesMax = 16 * 1024 * 1024;

export type ShardThrottlingSettings = {
  readonly shards: Pick<ShardLimits, 'chargeWrite' | 'chargeRead'>;
  readonly observer: Pick<LimitObserver, 'throttled'>;
  readonly streams: {
    find(name: string): Promise<Stream>;
    /** The last view, however old. */
    known(name: string): Stream | undefined;
  };
  readonly topicNames: Pick<TopicNames, 'get'>;
};

/** Looks at an answer, its length in front; says in it how long to wait, and answers so, in ms. */
export type AnswerThrottle = (frame: Buffer) => number;

export class ShardThrottling {
  readonly #settings: ShardThrottlingSettings;

  constructor(settings: ShardThrottlingSettings) {
    this.#settings = settings;
  }

  /**
   * Counts what a Produce request has for these streams. Answers the ms that the client should
   * wait.
   */
  charge(topics: readonly ScannedTopic[], streams: readonly Stream[]): number {
    if (streams.length === 0) return 0;
    const { shards } = this.#settings;
    let waitMs = 0;
    let slowest: Stream | undefined;
    for (const { name, id, partitions, bytes, records } of topics) {
      const stream = streams.find((each) =>
        name === undefined ? each.logId === id : each.name === name,
      );
      if (stream === undefined) continue;
      for (const [at, partition] of partitions.entries()) {
        if (bytes[at] === 0) continue;
        const shard = shardCharged(stream, partition);
        if (shard === undefined) continue;
        const shardMs = shards.chargeWrite(stream, shard, bytes[at]!, Math.max(1, records[at]!));
        if (shardMs > waitMs) [waitMs, slowest] = [shardMs, stream];
      }
    }
    this.#report('Produce', slowest);
    return waitMs;
  }

  /** What one connection reads. */
  reader(): FetchThrottling {
    return new FetchThrottling(this);
  }

  /** Whether answers with records of this topic must be seen: unknown ones must. */
  isLimited(topic: TopicLabel): boolean {
    return this.#find(topic)?.rules !== 'kafka';
  }

  /** Counts what a Fetch answer has; see AnswerThrottle. */
  chargeAnswer(frame: Buffer, version: number): number {
    let waitMs = 0;
    let slowest: Stream | undefined;
    let last: TopicLabel | undefined;
    let stream: Stream | undefined;
    const throttleAt = scanFetched(frame, version, (topic, partition, bytes) => {
      if (bytes === 0) return;
      if (topic !== last) stream = this.#find(topic);
      last = topic;
      if (stream === undefined) return;
      const shardMs = this.#chargeRead(stream, partition, bytes);
      if (shardMs > waitMs) [waitMs, slowest] = [shardMs, stream];
    });
    this.#report('Fetch', slowest);
    return raiseThrottle(frame, throttleAt, waitMs);
  }

  #chargeRead(stream: Stream, partition: number, bytes: number): number {
    const { shards } = this.#settings;
    if (partition < stream.shards.length) return shards.chargeRead(stream, partition, bytes);
    if (stream.rules === 'kinesis') this.#learn(stream.name);
    return 0;
  }

  /** Waits for nothing; what is not known yet is asked for, and known the next time. */
  #find({ name: given, id }: TopicLabel): Stream | undefined {
    const { streams, topicNames } = this.#settings;
    const name = given ?? (id === undefined ? undefined : topicNames.get(id));
    if (name === undefined) return undefined;
    const stream = streams.known(name);
    if (stream !== undefined && (id === undefined || stream.logId === id)) return stream;
    this.#learn(name);
    return undefined;
  }

  #learn(name: string): void {
    // What is no stream, or cannot be read now, has no budgets.
    this.#settings.streams.find(name).catch(() => undefined);
  }

  #report(operation: string, slowest: Stream | undefined): void {
    if (slowest === undefined) return;
    const owner = slowest.mode === 'ON_DEMAND' ? 'on-demand' : 'provisioned';
    this.#settings.observer.throttled(operation, owner, 1);
  }
}

/**
 * The Fetch requests of one connection. A session (KIP-227) names a topic once, so a connection
 * that has named one with rules is looked at until it begins anew; so is one that goes on with a
 * session of another connection.
 */
export class FetchThrottling {
  readonly #throttling: ShardThrottling;
  #isLimited = true;

  constructor(throttling: ShardThrottling) {
    this.#throttling = throttling;
  }

  /**
   * Looks at a request as far as it is there, and makes the answer small enough to be held.
   * Answers what the answer must go through, or undefined where it may pass. Throws WireError.
   */
  look(buffer: Buffer, position: number, head: RequestHead): AnswerThrottle | undefined {
    const { version, size } = head;
    if (position + 4 + size <= buffer.length) this.#look(buffer, position, head);
    else this.#isLimited = true;
    if (!this.#isLimited) return undefined;
    return (frame) => this.#throttling.chargeAnswer(frame, version);
  }

  #look(buffer: Buffer, position: number, head: RequestHead): void {
    const { maxBytesAt, sessionEpoch, topics } = scanFetch(buffer, position, head);
    const isWhole = sessionEpoch <= 0;
    const isLimited = topics.some((topic) => this.#throttling.isLimited(topic));
    this.#isLimited = isLimited || (!isWhole && this.#isLimited);
    if (this.#isLimited && buffer.readInt32BE(maxBytesAt) > heldFetchBytesMax) {
      buffer.writeInt32BE(heldFetchBytesMax, maxBytesAt);
    }
  }
}

/** The throttle of an answer to Produce in this version: so many ms, or what the broker says. */
export function produceThrottle(version: number, waitMs: number): AnswerThrottle {
  return (frame) => raiseThrottle(frame, produceThrottleAt(frame, version), waitMs);
}

/** The longer of the two waits, ours and the broker's, is told; ours is kept here. */
function raiseThrottle(frame: Buffer, at: number, waitMs: number): number {
  if (waitMs > frame.readInt32BE(at)) frame.writeInt32BE(waitMs, at);
  return waitMs;
}

/**
 * The shard that a batch counts for: that of its partition, or where that is closed an open
 * descendant, as the gateway places the records there. Undefined where there is no such shard.
 */
function shardCharged({ shards }: Stream, partition: number): number | undefined {
  let shard = shards[partition];
  while (shard !== undefined && !isOpen(shard)) {
    const { index } = shard;
    shard = shards.find(
      ({ parentIndex, adjacentParentIndex }) =>
        parentIndex === index || adjacentParentIndex === index,
    );
  }
  return shard?.index;
}
