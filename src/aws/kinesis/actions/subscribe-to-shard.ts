/**
 * SubscribeToShard:
 * https://docs.aws.amazon.com/kinesis/latest/APIReference/API_SubscribeToShard.html
 *
 * Events are sent as records arrive: the subscription waits at the end of the log. Nothing is read
 * before the client has received the previous event. ContinuationSequenceNumber is absent exactly
 * in the last event of a closed shard; then, and only then, ChildShards names the shards that
 * continue it.
 */
import { setTimeout } from 'node:timers/promises';
import { consumerNamed, createdAtSecondsOf } from '../../../domain/streams/consumers.ts';
import { printSequenceNumber, sequenceNumberOf } from '../../../domain/records/sequence-number.ts';
import {
  type Consumer,
  type Offset,
  shardIdOf,
  type Stream,
  toOffset,
} from '../../../domain/streams/stream.ts';
import { isGatewayError } from '../../../domain/errors.ts';
import type { LogSlice } from '../../../ports/record-log.ts';
import { unlessAborted } from '../../../streams/shared-reads.ts';
import type { Pace } from '../../../streams/limits/shard-limits.ts';
import type { Subscription } from '../../../streams/subscriptions.ts';
import { defineAction, type KinesisContext } from '../action.ts';
import {
  assertConsumerActive,
  consumerNotFound,
  findConsumer,
} from '../resources/consumer-address.ts';
import { dryRun, KinesisError } from '../errors.ts';
import { recordStyleOf, viewRecord } from '../records/record-view.ts';
import { findShard, type FoundShard, shardIndexIn } from '../resources/shard-address.ts';
import {
  childrenOf,
  millisBehind,
  readVisible,
  type VisibleSlice,
} from '../records/shard-reading.ts';
import {
  boolean,
  eventStream,
  list,
  long,
  required,
  string,
  structure,
  timestamp,
  type ValueOf,
} from '../../protocol/shape.ts';
import {
  childShard,
  consumerArn,
  namedStructure,
  record,
  sequenceNumber,
  shardId,
  streamAddress,
} from '../shapes.ts';
import { startingOffset, startingPositionTypes } from '../records/starting-position.ts';
import { assertSubscription, bytesOf, paceOf } from '../limits/throughput.ts';
import { theConsumer } from '../resources/touched.ts';

/** The size limit of one event; the first record is included even if it is larger. */
const eventRecordsMax = 1_000;
const eventBytesMax = 1024 * 1024;
/**
 * One wait at the end of the log. Changes by other gateways, such as a closed shard or a
 * deregistered consumer, are noticed between two waits.
 */
const tipWaitMsMax = 1_000;

const startingPosition = namedStructure(
  {
    Type: required(string({ values: startingPositionTypes })),
    SequenceNumber: sequenceNumber,
    Timestamp: timestamp(),
  },
  'StartingPosition',
);

const subscribeToShardEvent = structure({
  Records: required(list(record)),
  ContinuationSequenceNumber: sequenceNumber,
  MillisBehindLatest: required(long()),
  ChildShards: list(childShard),
});
type SubscribeToShardEvent = ValueOf<typeof subscribeToShardEvent>;

export const subscribeToShard = defineAction({
  name: 'SubscribeToShard',
  input: structure({
    ConsumerARN: required(consumerArn),
    StreamId: streamAddress.StreamId,
    ShardId: required(shardId),
    StartingPosition: required(startingPosition),
    DryRun: boolean(),
  }),
  output: structure({
    EventStream: required(eventStream({ SubscribeToShardEvent: subscribeToShardEvent })),
  }),
  errors: [
    'AccessDeniedException',
    'DryRunOperationException',
    'InvalidArgumentException',
    'LimitExceededException',
    'ResourceInUseException',
    'ResourceNotFoundException',
  ],
  deviations: [
    'A subscription that is taken over through another gateway ends within five seconds of it.',
  ],
  touches: theConsumer,
  async handle(request, context) {
    const { ConsumerARN, StartingPosition } = request;
    const registered = await findConsumer({ ConsumerARN }, context, 'subscribed');
    const { stream, consumer } = registered;
    const shardIndex = shardIndexIn(request.ShardId, stream.name, context.account);
    const found = await findShard(stream.name, shardIndex, context, isSame(stream));
    assertConsumerActive(registered, context);
    const key = subscriptionKey(found, consumer, context);
    const { subscriptions } = context;
    if (await subscriptions.isHeld(key)) throw subscribedTwice(key);
    // AWS checks this before the position.
    if (request.DryRun === true) throw dryRun('SubscribeToShard');
    const given = {
      type: StartingPosition.Type,
      sequenceNumber: StartingPosition.SequenceNumber,
      timestampMs: StartingPosition.Timestamp,
    };
    const from = await startingOffset(given, found, context, 'SubscribeToShard');
    assertSubscription(stream, key, context);
    const subscription = await subscriptions.begin(key, context.signal);
    if (subscription === undefined) throw subscribedTwice(key);
    return { EventStream: eventsOf({ ...registered, ...found, key, subscription }, from, context) };
  },
});

type Subscribed = FoundShard & {
  readonly consumer: Consumer;
  readonly key: string;
  readonly subscription: Subscription;
};

type Event = { readonly SubscribeToShardEvent: SubscribeToShardEvent };

async function* eventsOf(
  subscribed: Subscribed,
  from: Offset,
  context: KinesisContext,
): AsyncGenerator<Event> {
  const { subscription, key } = subscribed;
  try {
    yield* eventsFrom(subscribed, from, context);
  } catch (error) {
    if (subscription.ended === 'taken') throw subscribedTwice(key);
    if (subscription.ended === undefined) throw error;
  } finally {
    subscription.end();
  }
}

async function* eventsFrom(
  subscribed: Subscribed,
  from: Offset,
  context: KinesisContext,
): AsyncGenerator<Event> {
  const { heartbeatMs } = context.subscriptions.times;
  let offset = from;
  const { signal } = subscribed.subscription;
  let found: FoundShard = subscribed;
  let sentAtMs: number | undefined;
  const pace = paceOf(subscribed.stream, context);
  for (;;) {
    const known = await unlessAborted(current(subscribed, found, context), signal);
    // The first event reports the position of the subscription at once.
    const waitMsMax = sentAtMs === undefined ? 0 : Math.min(tipWaitMsMax, heartbeatMs);
    const { found: seen, slice } = await readOn(known, offset, waitMsMax, signal, context);
    found = seen;
    if (slice.nextOffset > offset) offset = slice.nextOffset;
    const closedAt = found.shard.closed?.endOffset;
    const isLast = closedAt !== undefined && offset >= closedAt;
    const nowMs = performance.now();
    const isDue = sentAtMs === undefined || nowMs - sentAtMs + tipWaitMsMax >= heartbeatMs;
    if (slice.records.length > 0 || isLast || isDue) {
      context.tally.records += slice.records.length;
      await inPace(slice, pace, signal);
      yield eventOf(found, slice, offset, isLast, context);
      sentAtMs = nowMs;
    }
    if (isLast) return;
  }
}

/**
 * A consumer gets 2 MiB/s per shard: events that would exceed it wait. Only the waiting event is in
 * memory. Ends early when the subscription does.
 */
async function inPace(slice: LogSlice, pace: Pace | undefined, signal: AbortSignal): Promise<void> {
  const delayMs = pace?.(bytesOf(slice.records)) ?? 0;
  if (delayMs > 0) await setTimeout(delayMs, undefined, { signal });
}

/**
 * The current shard, or the last known state while the catalog is unavailable. Errors:
 * ResourceNotFoundException if it or the consumer is gone.
 */
async function current(
  { stream, shard, consumer }: Subscribed,
  known: FoundShard,
  context: KinesisContext,
): Promise<FoundShard> {
  let found: FoundShard;
  try {
    found = await findShard(stream.name, shard.index, context, isSame(stream));
  } catch (error) {
    if (isGatewayError(error, 'unavailable')) return known;
    throw error;
  }
  if (consumerNamed(found.stream, consumer.name)?.createdAtMs === consumer.createdAtMs) {
    return found;
  }
  throw consumerNotFound(consumer.name, stream.name, context);
}

function readOn(
  found: FoundShard,
  offset: Offset,
  waitMsMax: number,
  signal: AbortSignal,
  context: KinesisContext,
): Promise<VisibleSlice> {
  const limits = {
    recordsMax: eventRecordsMax,
    bytesMax: eventBytesMax,
    // A closed shard gets no further records.
    waitMsMax: found.shard.closed === undefined ? waitMsMax : 0,
  };
  const { reads } = context.subscriptions;
  return readVisible(
    found,
    offset,
    (where, from) => reads.read(where, from, limits, signal),
    context,
  );
}

/** Events of slices that many subscriptions share: each of them gets the same event object. */
const sharedEvents = new WeakMap<LogSlice, Event>();

function eventOf(
  found: FoundShard,
  slice: LogSlice,
  offset: Offset,
  isLast: boolean,
  context: KinesisContext,
): Event {
  const isShared = !isLast && slice.nextOffset === offset;
  const known = isShared ? sharedEvents.get(slice) : undefined;
  if (known !== undefined) return known;
  const event = { SubscribeToShardEvent: newEvent(found, slice, offset, isLast, context) };
  if (isShared) sharedEvents.set(slice, event);
  return event;
}

function newEvent(
  { stream, shard }: FoundShard,
  slice: LogSlice,
  offset: Offset,
  isLast: boolean,
  { clock }: KinesisContext,
): SubscribeToShardEvent {
  const style = recordStyleOf(stream);
  return {
    Records: slice.records.map((each) => viewRecord(shard, each, style)),
    MillisBehindLatest: millisBehind(slice, clock.nowMs()),
    ...(isLast
      ? { ChildShards: childrenOf(stream, shard.index) }
      : // The record before the next one: neither AT_ nor AFTER_SEQUENCE_NUMBER skips any.
        {
          ContinuationSequenceNumber: printSequenceNumber(
            sequenceNumberOf(shard, toOffset(offset - 1n)),
          ),
        }),
  };
}

/** A stream that was created again under this name has other records. */
function isSame({ logId }: Stream): (other: Stream) => boolean {
  return (other) => other.logId === logId;
}

function subscriptionKey(
  { stream, shard }: FoundShard,
  consumer: Consumer,
  { account }: KinesisContext,
): string {
  const streamSeconds = Math.floor(stream.createdAtMs / 1000);
  const shardName = shardIdOf(shard.index);
  return [
    `${account}:${stream.name}:${streamSeconds}`,
    `${shardName}:${consumer.name}:${createdAtSecondsOf(consumer)}`,
  ].join(':');
}

function subscribedTwice(key: string): KinesisError {
  return new KinesisError(
    'ResourceInUseException',
    `Another active subscription exists for this consumer: ${key}`,
  );
}
