/**
 * ListShards: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListShards.html
 */
import { retentionMsOf } from '../../../domain/streams/stream-rules.ts';
import type { Shard, Stream } from '../../../domain/streams/stream.ts';
import { isOpen, shardIdOf } from '../../../domain/streams/stream.ts';
import { defineAction, type KinesisContext } from '../action.ts';
import { invalidArgument, streamNotFound } from '../errors.ts';
import { pagingTokenOf } from '../../protocol/tokens.ts';
import { positionIn } from '../resources/paging.ts';
import {
  list,
  required,
  string,
  structure,
  timestamp,
  type ValueOf,
} from '../../protocol/shape.ts';
import { namedStructure, nextToken, pageLimit, shard, shardId, streamAddress } from '../shapes.ts';
import {
  keptShards,
  shardsAfter,
  shardsAt,
  shardsFrom,
  trimHorizonMs,
  viewShard,
} from '../resources/shard-listing.ts';
import { findStream, streamNameIn } from '../resources/stream-address.ts';
import { assertStatus } from '../resources/stream-view.ts';
import { theStream } from '../resources/touched.ts';

const listedShardsDefault = 1000;
const purpose = 'ListShards';

const filterTypes = [
  'AFTER_SHARD_ID',
  'AT_TRIM_HORIZON',
  'FROM_TRIM_HORIZON',
  'AT_LATEST',
  'AT_TIMESTAMP',
  'FROM_TIMESTAMP',
] as const;
type FilterType = (typeof filterTypes)[number];

const shardFilter = namedStructure(
  {
    Type: required(string({ values: filterTypes })),
    ShardId: shardId,
    Timestamp: timestamp(),
  },
  'ShardFilter',
);
type ShardFilter = ValueOf<typeof shardFilter>;

const input = structure({
  MaxResults: pageLimit,
  ExclusiveStartShardId: shardId,
  ...streamAddress,
  NextToken: nextToken,
  StreamCreationTimestamp: timestamp(),
  ShardFilter: shardFilter,
});
type Request = ValueOf<typeof input>;

/** The part of the first request that a page's token contains. */
type Position = {
  readonly stream: string;
  readonly logId: string;
  readonly after: string;
  readonly filter?: ShardFilter | undefined;
};

export const listShards = defineAction({
  name: 'ListShards',
  input,
  output: structure({ Shards: list(shard), NextToken: nextToken }),
  errors: [
    'AccessDeniedException',
    'ExpiredNextTokenException',
    'InvalidArgumentException',
    'LimitExceededException',
    'ResourceInUseException',
    'ResourceNotFoundException',
  ],
  rate: { perSecond: 1_000, per: 'stream' },
  touches(request, context, action) {
    assertOneBeginning(request);
    const { NextToken: token } = request;
    if (token === undefined) return theStream(request, context, action);
    const { stream } = positionIn(purpose, token, context) as Position;
    return { action, kind: 'stream', name: stream };
  },
  async handle(request, context) {
    const { stream, after, filter } = await beginningOf(request, context);
    assertStatus(stream, context, ['ACTIVE', 'UPDATING']);
    const nowMs = context.clock.nowMs();
    if (filter !== undefined && request.NextToken === undefined) {
      assertFilter(filter, stream, nowMs);
    }
    const matching =
      filter === undefined ? keptShards(stream, nowMs) : select(stream, filter, nowMs);
    const listed = after === undefined ? matching : shardsAfter(matching, after);
    const page = listed.slice(0, request.MaxResults ?? listedShardsDefault);
    const last = page.at(-1);
    const position = last && {
      stream: stream.name,
      logId: stream.logId,
      after: shardIdOf(last.index),
      filter,
    };
    const hasMore = page.length < listed.length;
    return {
      Shards: page.map(viewShard),
      NextToken: hasMore ? pagingTokenOf(purpose, position, context) : undefined,
    };
  },
});

/** The token identifies the listing; beside it, only the stream may be named again. */
function assertOneBeginning(request: Request): void {
  const { NextToken: token, StreamName: name, StreamARN: arn, StreamId: id } = request;
  if (token === undefined) {
    if (name !== undefined || arn !== undefined || id !== undefined) return;
    throw invalidArgument('Either NextToken or StreamName should be provided.');
  }
  for (const other of [
    'StreamCreationTimestamp',
    'ExclusiveStartShardId',
    'ShardFilter',
  ] as const) {
    if (request[other] !== undefined) throw withToken(other);
  }
}

function withToken(other: keyof Request): Error {
  return invalidArgument(`NextToken and ${other} cannot be provided together.`);
}

async function beginningOf(
  request: Request,
  context: KinesisContext,
): Promise<{ stream: Stream; after: string | undefined; filter: ShardFilter | undefined }> {
  if (request.NextToken !== undefined) {
    const position = positionIn(purpose, request.NextToken, context) as Position;
    assertSameStream(request, position, context);
    const stream = await findStream({ StreamName: position.stream }, context);
    // A stream that was created again under this name has other shards.
    if (stream.logId !== position.logId) throw streamNotFound(stream.name, context.account);
    return { stream, after: position.after, filter: position.filter };
  }
  const stream = await findStream(request, context, 'now');
  const created = request.StreamCreationTimestamp;
  // Clients send it back in whole seconds or as they received it.
  if (created !== undefined && Math.abs(created - stream.createdAtMs) >= 1000) {
    throw streamNotFound(stream.name, context.account);
  }
  return { stream, after: request.ExclusiveStartShardId, filter: request.ShardFilter };
}

/** AWS once refused a name beside a token; now it accepts the name that the token contains. */
function assertSameStream(request: Request, { stream }: Position, context: KinesisContext): void {
  const { StreamName, StreamARN } = request;
  if (StreamName === undefined && StreamARN === undefined) return;
  if (streamNameIn({ StreamName, StreamARN }, context) === stream) return;
  throw withToken(StreamName === undefined ? 'StreamARN' : 'StreamName');
}

const needs: Readonly<Partial<Record<FilterType, 'ShardId' | 'Timestamp'>>> = {
  AFTER_SHARD_ID: 'ShardId',
  AT_TIMESTAMP: 'Timestamp',
  FROM_TIMESTAMP: 'Timestamp',
};

/** Members that a type does not need are accepted. Errors: InvalidArgumentException. */
function assertFilter(filter: ShardFilter, { retentionHours }: Stream, nowMs: number): void {
  const needed = needs[filter.Type];
  if (needed === undefined) return;
  if (filter[needed] === undefined) {
    throw invalidArgument(
      `${needed} must be provided when the ShardFilter Type is ${filter.Type}.`,
    );
  }
  const { Timestamp: momentMs = nowMs } = filter;
  if (needed !== 'Timestamp') return;
  if (momentMs > nowMs) {
    throw invalidArgument('ShardFilter Timestamp must not be greater than current time.');
  }
  if (momentMs >= nowMs - retentionMsOf(retentionHours)) return;
  throw invalidArgument('ShardFilter Timestamp cannot be older than TRIM_HORIZON of the stream.');
}

/**
 * A time before the trim horizon, such as one before the stream was created, counts as the trim
 * horizon. A shard id restricts the list to the shards after it, whatever the type.
 */
function select(stream: Stream, filter: ShardFilter, nowMs: number): readonly Shard[] {
  const horizonMs = trimHorizonMs(stream, nowMs);
  const momentMs = Math.max(filter.Timestamp ?? horizonMs, horizonMs);
  const selections: Readonly<Record<FilterType, () => readonly Shard[]>> = {
    AFTER_SHARD_ID: () => keptShards(stream, nowMs),
    AT_TRIM_HORIZON: () => shardsAt(stream, horizonMs),
    FROM_TRIM_HORIZON: () => shardsFrom(stream, horizonMs),
    AT_LATEST: () => stream.shards.filter(isOpen),
    AT_TIMESTAMP: () => shardsAt(stream, momentMs),
    FROM_TIMESTAMP: () => shardsFrom(stream, momentMs),
  };
  const selected = selections[filter.Type]();
  return filter.ShardId === undefined ? selected : shardsAfter(selected, filter.ShardId);
}
