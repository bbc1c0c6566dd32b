/**
 * Decides how many shards an on-demand stream has, and which of them are split or merged. Pure: the
 * time is passed in. Source: "On-demand mode", Kinesis Data Streams developer guide
 * (https://docs.aws.amazon.com/streams/latest/dev/how-do-i-size-a-stream.html): a new stream takes
 * 4 MB/s or 4,000 records/s; a stream takes twice the highest rate of its last 30 days.
 */
import { areAdjacent, mergeOf, splitOf } from './reshard.ts';
import { shardWriteBytesPerSecond, shardWriteRecordsPerSecond } from '../limits/rate-limit.ts';
import { openShardsOf } from './shard-routing.ts';
import { openShardCount } from './stream-rules.ts';
import type { DayPeak, HashKey, OnDemandHistory, Round, Shard, Stream } from './stream.ts';

/** 4 MiB/s or 4,000 records/s. */
export const onDemandShardsMin = 4;
/** 10 GB/s, in the largest regions. */
export const onDemandShardsMax = 10_000;
export const peakDays = 30;
/** A shard that uses this fraction of its rate, or more, is hot. */
const hotShare = 0.8;
/** A shard that uses this fraction and refuses writes is hot as well: its writers send bursts. */
const hotThrottledShare = 0.5;
/** Shards that use less than this fraction of their rate may be merged. */
const coolShare = 0.25;
/**
 * Splitting of hot shards stops at this multiple of the wanted shard count: a single hot key cannot
 * be split.
 */
const hotSplitFactor = 2;
/** A stream must exceed its wanted shard count by this factor before shards are merged. */
const shrinkFactor = 2;
/** The most splits or merges in one round, because a round is stored in one row of the catalog. */
export const changesPerRoundMax = 250;
const dayMs = 86_400_000;
/** A peak is stored when it exceeds the stored one by this fraction. */
const peakStep = 0.05;

/** Written within one measuring window. */
export type ShardWrites = {
  readonly index: number;
  readonly bytes: number;
  readonly records: number;
  /** A write was refused or throttled. */
  readonly isThrottled: boolean;
};

/**
 * The history with the measurements of a window added; unchanged if nothing relevant is new. A
 * stream without a history starts as if it had used half of its shards.
 */
export function observed(
  stream: Stream,
  writes: readonly ShardWrites[],
  windowMs: number,
  nowMs: number,
): OnDemandHistory {
  const day = Math.floor(nowMs / dayMs);
  const history = stream.settings?.onDemand;
  const known = history?.peaks ?? [firstPeak(stream, day)];
  const today = known.find((peak) => peak.day === day);
  const seen = rateOf(writes, windowMs);
  const isHigher =
    today === undefined ||
    seen.bytesPerSecond > today.bytesPerSecond * (1 + peakStep) ||
    seen.recordsPerSecond > today.recordsPerSecond * (1 + peakStep);
  if (history !== undefined && !isHigher) return history;
  const higher = {
    day,
    bytesPerSecond: Math.max(seen.bytesPerSecond, today?.bytesPerSecond ?? 0),
    recordsPerSecond: Math.max(seen.recordsPerSecond, today?.recordsPerSecond ?? 0),
  };
  const others = known.filter((peak) => peak.day !== day && peak.day > day - peakDays);
  return { ...history, peaks: [...others, higher] };
}

function firstPeak(stream: Stream, day: number): DayPeak {
  const half = openShardCount(stream) / 2;
  return {
    day,
    bytesPerSecond: half * shardWriteBytesPerSecond,
    recordsPerSecond: half * shardWriteRecordsPerSecond,
  };
}

function rateOf(writes: readonly ShardWrites[], windowMs: number) {
  let bytes = 0;
  let records = 0;
  for (const each of writes) {
    bytes += each.bytes;
    records += each.records;
  }
  const perSecond = 1000 / windowMs;
  return { bytesPerSecond: bytes * perSecond, recordsPerSecond: records * perSecond };
}

/** Records that shards are merged at this time. */
export function merged(history: OnDemandHistory, nowMs: number): OnDemandHistory {
  return { ...history, mergedAtMs: nowMs };
}

/**
 * Twice the highest rate of the last 30 days, in shards, or the warm throughput if that is more.
 */
export function shardsWanted(stream: Stream, history: OnDemandHistory, nowMs: number): number {
  const oldest = Math.floor(nowMs / dayMs) - peakDays;
  let shards = 0;
  for (const peak of history.peaks) {
    if (peak.day <= oldest) continue;
    shards = Math.max(
      shards,
      peak.bytesPerSecond / shardWriteBytesPerSecond,
      peak.recordsPerSecond / shardWriteRecordsPerSecond,
    );
  }
  const warm = stream.settings?.warmThroughputMiBps ?? 0;
  const wanted = Math.max(onDemandShardsMin, Math.ceil(2 * shards), warm);
  return Math.min(wanted, onDemandShardsMax);
}

/** The fraction of its rate that a shard used. */
function shareOf({ bytes, records }: ShardWrites, windowMs: number): number {
  const perSecond = 1000 / windowMs;
  return Math.max(
    (bytes * perSecond) / shardWriteBytesPerSecond,
    (records * perSecond) / shardWriteRecordsPerSecond,
  );
}

/**
 * The splits or merges that the stream needs now; undefined if it needs none. Shards are split in
 * the middle, the hottest first, each once a round; a key's next records go to the child that holds
 * its hash, after all of its records in the parent.
 */
export function nextRound(
  stream: Stream,
  history: OnDemandHistory,
  writes: readonly ShardWrites[],
  windowMs: number,
  nowMs: number,
): Round | undefined {
  const wanted = shardsWanted(stream, history, nowMs);
  const byIndex = new Map(writes.map((each) => [each.index, each]));
  const open = openShardsOf(stream).map((shard) => {
    const seen = byIndex.get(shard.index);
    const share = seen === undefined ? 0 : shareOf(seen, windowMs);
    const hotFrom = seen?.isThrottled === true ? hotThrottledShare : hotShare;
    return { shard, share, isHot: share >= hotFrom };
  });
  const splits = splitsOf(open, wanted);
  if (splits.length > 0) return together(splits);
  const isIdle = open.every(({ share, isHot }) => share < coolShare && !isHot);
  const mayMerge = nowMs - (history.mergedAtMs ?? -Infinity) >= dayMs;
  if (!isIdle || !mayMerge || open.length < shrinkFactor * wanted) return undefined;
  const merges = mergesOf(
    open.map(({ shard }) => shard),
    open.length - wanted,
  );
  return merges.length > 0 ? together(merges) : undefined;
}

type Open = { readonly shard: Shard; readonly share: number; readonly isHot: boolean };

function splitsOf(open: readonly Open[], wanted: number): readonly Round[] {
  const most = Math.min(onDemandShardsMax, hotSplitFactor * wanted);
  const missing = Math.max(0, wanted - open.length);
  const isBefore = (one: Open, other: Open) =>
    Number(other.isHot) - Number(one.isHot) ||
    other.share - one.share ||
    Number(widthOf(other.shard) > widthOf(one.shard)) -
      Number(widthOf(other.shard) < widthOf(one.shard));
  const chosen: Round[] = [];
  for (const { shard, isHot } of open.toSorted(isBefore)) {
    if (chosen.length === changesPerRoundMax) break;
    const isWanted = chosen.length < missing || (isHot && open.length + chosen.length < most);
    if (isWanted && widthOf(shard) > 1n) chosen.push(splitOf(shard, middleOf(shard)));
  }
  return chosen;
}

function mergesOf(open: readonly Shard[], tooMany: number): readonly Round[] {
  const merges: Round[] = [];
  const most = Math.min(tooMany, changesPerRoundMax);
  for (let at = 0; at + 1 < open.length && merges.length < most; at++) {
    const [shard, next] = [open[at]!, open[at + 1]!];
    if (!areAdjacent(shard, next)) continue;
    merges.push(mergeOf(shard, next));
    at++;
  }
  return merges;
}

function widthOf({ startingHashKey, endingHashKey }: Shard): bigint {
  return endingHashKey - startingHashKey + 1n;
}

function middleOf(shard: Shard): HashKey {
  return (shard.startingHashKey + widthOf(shard) / 2n) as HashKey;
}

function together(rounds: readonly Round[]): Round {
  return {
    parents: rounds.flatMap(({ parents }) => parents),
    children: rounds.flatMap(({ children }) => children),
  };
}
