/**
 * Converts a stream to rows of the catalog's table and back. Pure.
 *
 * | scope         | key           | holds                                          |
 * |---------------|---------------|------------------------------------------------|
 * | `streams`     | stream's name | the stream, all but its shards                 |
 * | `shards:NAME` | `00000` …     | 250 shards each, ordered by index, as JSON     |
 * | `gateway`     | `secret`      | the secret that gateways share                 |
 *
 * Rows of other scopes: account-catalog.ts, subscription-claims.ts, queue-catalog-rows.ts.
 *
 * Shards are packed so that every change of a stream fits into one DynamoDB transaction (100 rows,
 * 4 MB), and so that a stream of 10,000 shards is read in 41 rows; a row of 250 shards uses at most
 * 60 KB of the allowed 400 KB.
 */
import { GatewayError } from '../../src/domain/errors.ts';
import { partitionsWanted, uniformRound } from '../../src/domain/streams/reshard.ts';
import { openShardCount } from '../../src/domain/streams/stream-rules.ts';
import {
  type HashKey,
  type PlannedShard,
  type Resharding,
  type Shard,
  type Stream,
  type StreamSettings,
  type StreamSummary,
  toOffset,
} from '../../src/domain/streams/stream.ts';

export const streamsScope = 'streams';
const shardsPerRow = 250;
/** Room for 18,750 shards, closed ones included, within a transaction's 100 rows and 4 MB. */
const shardRowsMax = 75;

export type StreamRow = {
  readonly scope: string;
  readonly key: string;
  readonly version: number;
  readonly logId: string;
  readonly rules: Stream['rules'];
  readonly status: Stream['status'];
  readonly mode: Stream['mode'];
  readonly partitioner: Stream['partitioner'];
  readonly createdAtMs: number;
  readonly retentionHours: number;
  readonly recordKiBMax: number;
  /** A list, because tag keys may contain dots, which attribute paths may not. */
  readonly tags: readonly { readonly key: string; readonly value: string }[];
  /** Absent in rows written by versions without consumers. */
  readonly consumers?: readonly ConsumerRow[];
  /** As JSON; absent in rows written by versions without settings. */
  readonly settings?: string;
  readonly updatingUntilMs?: number;
  /** As JSON; empty (absent in older rows) unless shards are being split or merged. */
  readonly resharding?: string;
  /** Absent in rows written by versions that did not store it. */
  readonly openShardCount?: number;
  readonly shardCount: number;
  /** The stream's version at which shards were last written. */
  readonly shardsVersion: number;
};

export type ConsumerRow = {
  readonly name: string;
  readonly createdAtMs: number;
  readonly tags: StreamRow['tags'];
  readonly policy?: string;
};

export type ShardRow = {
  readonly scope: string;
  readonly key: string;
  /** The stream's version at which this row was written. */
  readonly version: number;
  /** The stream to which the shards belong: rows of a former stream of that name are ignored. */
  readonly createdAtMs: number;
  readonly shards: string;
};

type PackedShard = {
  readonly start: string;
  readonly end: string;
  readonly created: number;
  readonly parent?: number;
  readonly adjacentParent?: number;
  readonly endOffset?: string;
  readonly closedAtMs?: number;
};

export function shardsScope(name: string): string {
  return `shards:${name}`;
}

export function streamRowOf(stream: Stream): StreamRow {
  const { name, tags, consumers, shards, settings, resharding, ...rest } = stream;
  return {
    scope: streamsScope,
    key: name,
    ...rest,
    tags: tagRows(tags),
    consumers: consumers.map((each) => ({ ...each, tags: tagRows(each.tags) })),
    // Always written, so that an update removes data of a former stream of that name.
    settings: JSON.stringify(settings ?? {}),
    updatingUntilMs: stream.updatingUntilMs ?? 0,
    resharding: resharding === undefined ? '' : packedResharding(resharding),
    openShardCount: openShardCount(stream),
    shardCount: shards.length,
    shardsVersion: stream.version,
  };
}

function tagRows(tags: Stream['tags']): StreamRow['tags'] {
  return Object.entries(tags).map(([key, value]) => ({ key, value }));
}

function tagsIn(rows: StreamRow['tags']): Stream['tags'] {
  return Object.fromEntries(rows.map(({ key, value }) => [key, value]));
}

export function shardRowCount(shardCount: number): number {
  return Math.ceil(shardCount / shardsPerRow);
}

export function shardRowKey(index: number): string {
  return String(index).padStart(5, '0');
}

/** The rows of `after` that differ from those of `before`. Errors: `limit-exceeded`. */
export function changedShardRows(before: Stream | undefined, after: Stream): ShardRow[] {
  // A round that is too large is refused at its start: if it could not be finished, it would block
  // the stream's puts.
  if (shardRowCount(partitionsWanted(after)) > shardRowsMax) {
    const max = shardRowsMax * shardsPerRow;
    throw new GatewayError('limit-exceeded', `${after.name} would have over ${max} shards`);
  }
  if (before?.shards === after.shards) return [];
  const count = shardRowCount(after.shards.length);
  const rows: ShardRow[] = [];
  for (let index = 0; index < count; index += 1) {
    const shards = packedRow(after, index);
    if (before !== undefined && sameStream(before, after) && packedRow(before, index) === shards) {
      continue;
    }
    rows.push({
      scope: shardsScope(after.name),
      key: shardRowKey(index),
      version: after.version,
      createdAtMs: after.createdAtMs,
      shards,
    });
  }
  return rows;
}

function sameStream(one: Stream, other: Stream): boolean {
  return one.createdAtMs === other.createdAtMs;
}

function packedRow(stream: Stream, row: number): string {
  const from = row * shardsPerRow;
  return JSON.stringify(stream.shards.slice(from, from + shardsPerRow).map(packed));
}

function packed(shard: Shard): PackedShard {
  return {
    start: String(shard.startingHashKey),
    end: String(shard.endingHashKey),
    created: shard.createdAtSeconds,
    ...(shard.parentIndex === undefined ? {} : { parent: shard.parentIndex }),
    ...(shard.adjacentParentIndex === undefined
      ? {}
      : { adjacentParent: shard.adjacentParentIndex }),
    ...(shard.closed === undefined
      ? {}
      : { endOffset: String(shard.closed.endOffset), closedAtMs: shard.closed.closedAtMs }),
  };
}

function unpacked(shard: PackedShard, index: number): Shard {
  const { parent, adjacentParent, endOffset, closedAtMs } = shard;
  return {
    index,
    startingHashKey: BigInt(shard.start) as HashKey,
    endingHashKey: BigInt(shard.end) as HashKey,
    createdAtSeconds: shard.created,
    ...(parent === undefined ? {} : { parentIndex: parent }),
    ...(adjacentParent === undefined ? {} : { adjacentParentIndex: adjacentParent }),
    ...(endOffset === undefined || closedAtMs === undefined
      ? {}
      : { closed: { endOffset: toOffset(BigInt(endOffset)), closedAtMs } }),
  };
}

/**
 * The stream in the rows; undefined if the rows with shards do not match the stream's row because
 * of a change between the reads.
 */
export function streamOf(row: StreamRow, shardRows: readonly ShardRow[]): Stream | undefined {
  const own = shardRows.filter(({ createdAtMs }) => createdAtMs === row.createdAtMs);
  const lastWritten = Math.max(...own.map(({ version }) => version));
  if (own.length !== shardRowCount(row.shardCount) || lastWritten !== row.shardsVersion) {
    return undefined;
  }
  const shards = own.flatMap((each) => JSON.parse(each.shards) as PackedShard[]).map(unpacked);
  if (shards.length !== row.shardCount) return undefined;
  const stream = {
    ...identityOf(row),
    partitioner: row.partitioner,
    retentionHours: row.retentionHours,
    recordKiBMax: row.recordKiBMax,
    tags: tagsIn(row.tags),
    consumers: (row.consumers ?? []).map((each) => ({ ...each, tags: tagsIn(each.tags) })),
    ...settingsIn(row),
    shards,
  };
  return row.resharding ? { ...stream, resharding: reshardingIn(row.resharding, stream) } : stream;
}

type PackedResharding = Pick<Resharding, 'step' | 'attempt' | 'target'> & {
  readonly parents?: readonly number[];
  readonly children?: readonly PackedChild[];
};
type PackedChild = Omit<PlannedShard, 'startingHashKey' | 'endingHashKey'> & {
  readonly start: string;
  readonly end: string;
};

/**
 * Rounds towards a target are computed from the shards, so thousands of children need no space
 * here.
 */
function packedResharding({ step, attempt, target, parents, children }: Resharding): string {
  if (target !== undefined) return JSON.stringify({ step, attempt, target });
  const packedChildren = children.map(({ startingHashKey, endingHashKey, ...rest }) => ({
    start: String(startingHashKey),
    end: String(endingHashKey),
    ...rest,
  }));
  return JSON.stringify({ step, attempt, parents, children: packedChildren });
}

function reshardingIn(text: string, stream: Stream): Resharding {
  const { step, attempt, target, ...packedRound } = JSON.parse(text) as PackedResharding;
  if (target !== undefined) {
    const round = uniformRound(stream, target) ?? { parents: [], children: [] };
    return { step, attempt, target, ...round };
  }
  const children = (packedRound.children ?? []).map(({ start, end, ...rest }) => ({
    startingHashKey: BigInt(start) as HashKey,
    endingHashKey: BigInt(end) as HashKey,
    ...rest,
  }));
  return { step, attempt, parents: packedRound.parents ?? [], children };
}

function settingsIn({ settings = '{}' }: StreamRow): { settings?: StreamSettings } {
  return settings === '{}' ? {} : { settings: JSON.parse(settings) as StreamSettings };
}

type SummaryRow = Pick<
  StreamRow,
  | 'key'
  | 'logId'
  | 'rules'
  | 'status'
  | 'mode'
  | 'createdAtMs'
  | 'version'
  | 'updatingUntilMs'
  | 'openShardCount'
>;

export function summaryOf(row: SummaryRow): StreamSummary {
  const { openShardCount: count } = row;
  return { ...identityOf(row), ...(count === undefined ? {} : { openShardCount: count }) };
}

function identityOf(row: SummaryRow) {
  return {
    name: row.key,
    logId: row.logId,
    rules: row.rules,
    status: row.status,
    mode: row.mode,
    createdAtMs: row.createdAtMs,
    version: row.version,
    ...(row.updatingUntilMs ? { updatingUntilMs: row.updatingUntilMs } : {}),
  };
}
