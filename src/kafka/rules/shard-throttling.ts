/**
 * Enforces the limits of shards in Kafka's way: written and read bytes are counted, the response
 * tells the client in `throttle_time_ms` how long to wait, and its connection is not read for that
 * time (KIP-219). Nothing is refused and nothing fails. The budgets are those of the Kinesis door
 * (src/streams/limits/shard-limits.ts).
 *
 * The bytes of record batches are counted as transferred, possibly compressed; records are counted
 * from the headers of batches. Topics that follow Kafka's rules have no budgets, and responses to
 * clients that only read such topics pass without inspection.
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
 * The maximum response size (beside a single batch) for clients that may be throttled, because
 * their response is held until it has been counted. Kafka also reduces the responses of clients
 * with quotas.
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

/**
 * Inspects a response, which starts with its length; sets the throttle time in it and returns it,
 * in ms.
 */
export type AnswerThrottle = (frame: Buffer) => number;

export class ShardThrottling {
  readonly #settings: ShardThrottlingSettings;

  constructor(settings: ShardThrottlingSettings) {
    this.#settings = settings;
  }

  /**
   * Charges the records of a Produce request for these streams. Returns the ms that the client
   * should wait.
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

  /** The Fetch requests of one connection. */
  reader(): FetchThrottling {
    return new FetchThrottling(this);
  }

  /**
   * Whether responses with records of this topic must be inspected; those of unknown topics must.
   */
  isLimited(topic: TopicLabel): boolean {
    return this.#find(topic)?.rules !== 'kafka';
  }

  /** Charges the records in a Fetch response; see AnswerThrottle. */
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

  /** Does not wait: unknown streams are looked up in the background, for the next time. */
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
    // A topic that is not a stream, or cannot be read now, has no budgets.
    this.#settings.streams.find(name).catch(() => undefined);
  }

  #report(operation: string, slowest: Stream | undefined): void {
    if (slowest === undefined) return;
    const owner = slowest.mode === 'ON_DEMAND' ? 'on-demand' : 'provisioned';
    this.#settings.observer.throttled('kafka', operation, owner, 1);
  }
}

/**
 * The Fetch requests of one connection. A fetch session (KIP-227) names a topic only once, so a
 * connection that has named a topic with rules is inspected until it starts a new session; so is
 * one that continues a session of another connection.
 */
export class FetchThrottling {
  readonly #throttling: ShardThrottling;
  #isLimited = true;

  constructor(throttling: ShardThrottling) {
    this.#throttling = throttling;
  }

  /**
   * Inspects the received part of a request, and limits the response's size so that it can be held.
   * Returns the throttle for the response, or undefined if it may pass. Throws WireError.
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

/**
 * The throttle for a Produce response in this version: `waitMs`, or the broker's own if that is
 * longer.
 */
export function produceThrottle(version: number, waitMs: number): AnswerThrottle {
  return (frame) => raiseThrottle(frame, produceThrottleAt(frame, version), waitMs);
}

/**
 * The client is told the longer of the gateway's and the broker's throttle times; the gateway
 * enforces its own.
 */
function raiseThrottle(frame: Buffer, at: number, waitMs: number): number {
  if (waitMs > frame.readInt32BE(at)) frame.writeInt32BE(waitMs, at);
  return waitMs;
}

/**
 * The shard to which a batch is charged: that of its partition or, if it is closed, an open
 * descendant, because the gateway places the records there. Undefined if there is no such shard.
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
