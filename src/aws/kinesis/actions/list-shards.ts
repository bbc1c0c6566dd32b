/**
 * ListShards: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListShards.html
 */
import type { Shard, Stream } from '../../../domain/streams/stream.ts';
import { isOpen, shardIdOf } from '../../../domain/streams/stream.ts';
import { defineAction, type KinesisContext } from '../../protocol/action.ts';
import { invalidArgument, streamNotFound } from '../../protocol/errors.ts';
import { pagingTokenOf, positionIn } from '../../protocol/tokens.ts';
import {
  list,
  required,
  string,
  structure,
  timestamp,
  type ValueOf,
} from '../../protocol/shape.ts';
import { nextToken, pageLimit, shard, shardId, streamAddress } from '../shapes.ts';
import {
  keptShards,
  shardsAfter,
  shardsAt,
  shardsFrom,
  trimHorizonMs,
  viewShard,
} from '../resources/shard-listing.ts';
import { findStream } from '../resources/stream-address.ts';
import { assertStatus } from '../resources/stream-view.ts';

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

const shardFilter = structure(
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

/** What a page's token remembers of the request that began the listing. */
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
  async handle(request, context) {
    assertOneBeginning(request);
    const { stream, after, filter } = await beginningOf(request, context);
    assertStatus(stream, context, ['ACTIVE', 'UPDATING']);
    if (filter !== undefined) assertFilter(filter);
    const nowMs = context.clock.nowMs();
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

/** A token names the stream and the place in it; nothing else may name them again. */
function assertOneBeginning(request: Request): void {
  const { NextToken: token, StreamName: name, StreamARN: arn, StreamId: id } = request;
  if (token === undefined) {
    if (name !== undefined || arn !== undefined || id !== undefined) return;
    throw invalidArgument('Either NextToken or StreamName should be provided.');
  }
  const others = {
    StreamName: name,
    StreamCreationTimestamp: request.StreamCreationTimestamp,
    ExclusiveStartShardId: request.ExclusiveStartShardId,
  };
  for (const [other, value] of Object.entries(others)) {
    if (value !== undefined) {
      throw invalidArgument(`NextToken and ${other} cannot be provided together.`);
    }
  }
}

async function beginningOf(
  request: Request,
  context: KinesisContext,
): Promise<{ stream: Stream; after: string | undefined; filter: ShardFilter | undefined }> {
  if (request.NextToken !== undefined) {
    const position = positionIn(purpose, request.NextToken, context) as Position;
    const stream = await findStream({ StreamName: position.stream }, context);
    // A stream made again under the same name has other shards.
    if (stream.logId !== position.logId) throw streamNotFound(stream.name, context.account);
    return { stream, after: position.after, filter: position.filter };
  }
  const stream = await findStream(request, context, 'now');
  const created = request.StreamCreationTimestamp;
  // Clients send it back in whole seconds or as they got it.
  if (created !== undefined && Math.abs(created - stream.createdAtMs) >= 1000) {
    throw streamNotFound(stream.name, context.account);
  }
  return { stream, after: request.ExclusiveStartShardId, filter: request.ShardFilter };
}

const needs: Readonly<Record<FilterType, 'ShardId' | 'Timestamp' | undefined>> = {
  AFTER_SHARD_ID: 'ShardId',
  AT_TRIM_HORIZON: undefined,
  FROM_TRIM_HORIZON: undefined,
  AT_LATEST: undefined,
  AT_TIMESTAMP: 'Timestamp',
  FROM_TIMESTAMP: 'Timestamp',
};

function assertFilter(filter: ShardFilter): void {
  for (const member of ['ShardId', 'Timestamp'] as const) {
    const needed = needs[filter.Type] === member;
    const given = filter[member] !== undefined;
    if (needed && !given) {
      throw invalidArgument(`${member} must be specified for ShardFilter type ${filter.Type}.`);
    }
    if (given && !needed) {
      throw invalidArgument(`${member} must not be specified for ShardFilter type ${filter.Type}.`);
    }
  }
}

/** A moment before the trim horizon counts as the trim horizon. */
function select(stream: Stream, filter: ShardFilter, nowMs: number): readonly Shard[] {
  const horizonMs = trimHorizonMs(stream, nowMs);
  const momentMs = Math.max(filter.Timestamp ?? horizonMs, horizonMs);
  const selections: Readonly<Record<FilterType, () => readonly Shard[]>> = {
    AFTER_SHARD_ID: () => shardsAfter(keptShards(stream, nowMs), filter.ShardId ?? ''),
    AT_TRIM_HORIZON: () => shardsAt(stream, horizonMs),
    FROM_TRIM_HORIZON: () => shardsFrom(stream, horizonMs),
    AT_LATEST: () => stream.shards.filter(isOpen),
    AT_TIMESTAMP: () => shardsAt(stream, momentMs),
    FROM_TIMESTAMP: () => shardsFrom(stream, momentMs),
  };
  return selections[filter.Type]();
}
