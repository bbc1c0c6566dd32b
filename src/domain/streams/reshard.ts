/**
 * How shards are split and merged. Pure. A plan is a sequence of rounds; in each round, some open
 * shards (parents) are closed and new ones (children) are opened with the same ranges. Source:
 * "Reshard a stream", Amazon Kinesis Data Streams developer guide, and "UpdateShardCount", API
 * reference.
 */
import { evenRanges, hashKeyMax } from './hash-key.ts';
import { openShardsOf, shardForHashKey } from './shard-routing.ts';
import type { HashKey, Offset, PlannedShard, Resharding, Round, Shard, Stream } from './stream.ts';

/**
 * `at` becomes the start of the second child: it is above the shard's start and at most its end.
 */
export function splitOf(shard: Shard, at: HashKey): Round {
  const { index: parentIndex, startingHashKey, endingHashKey } = shard;
  return {
    parents: [parentIndex],
    children: [
      { startingHashKey, endingHashKey: (at - 1n) as HashKey, parentIndex },
      { startingHashKey: at, endingHashKey, parentIndex },
    ],
  };
}

/** The first shard is the parent, the second the adjacent parent; either may be the lower one. */
export function mergeOf(shard: Shard, adjacent: Shard): Round {
  const [low, high] =
    shard.startingHashKey < adjacent.startingHashKey ? [shard, adjacent] : [adjacent, shard];
  return {
    parents: [shard.index, adjacent.index],
    children: [
      {
        startingHashKey: low.startingHashKey,
        endingHashKey: high.endingHashKey,
        parentIndex: shard.index,
        adjacentParentIndex: adjacent.index,
      },
    ],
  };
}

export function areAdjacent(one: Shard, other: Shard): boolean {
  return (
    one.endingHashKey + 1n === other.startingHashKey ||
    other.endingHashKey + 1n === one.startingHashKey
  );
}

/**
 * The next round towards `target` open shards with even ranges, or undefined if they exist already.
 * First, every shard that crosses a border of the wanted ranges is split at it, repeatedly if
 * necessary; then neighbours within a range are merged in pairs.
 */
export function uniformRound(stream: Stream, target: number): Round | undefined {
  const open = openShardsOf(stream);
  const starts = evenRanges(target).map((range) => nearBorder(stream, range.startingHashKey));
  let next = 0;
  const splits = open.flatMap((shard) => {
    // Both lists are in hash order, so each border is visited once, whatever the number of shards.
    while (next < starts.length && starts[next]! <= shard.startingHashKey) next++;
    const first = next;
    while (next < starts.length && starts[next]! <= shard.endingHashKey) next++;
    const middle = next > first ? starts[first + ((next - first) >> 1)] : undefined;
    return middle === undefined ? [] : [splitOf(shard, middle)];
  });
  if (splits.length > 0) return together(splits);
  const borders = new Set<HashKey>(starts);
  const merges: Round[] = [];
  for (let at = 0; at + 1 < open.length; at++) {
    const [shard, neighbour] = [open[at]!, open[at + 1]!];
    if (borders.has(neighbour.startingHashKey)) continue;
    merges.push(mergeOf(shard, neighbour));
    at++;
  }
  return merges.length > 0 ? together(merges) : undefined;
}

/**
 * Borders of even ranges of different counts may differ by rounding only: they count as the same.
 */
const roundingMax = 65_536n;

function nearBorder(stream: Stream, start: HashKey): HashKey {
  const { startingHashKey, endingHashKey } = shardForHashKey(stream, start);
  if (start - startingHashKey <= roundingMax) return startingHashKey;
  const next = (endingHashKey + 1n) as HashKey;
  return next - start <= roundingMax && next <= hashKeyMax ? next : start;
}

function together(rounds: readonly Round[]): Round {
  return {
    parents: rounds.flatMap(({ parents }) => parents),
    children: rounds.flatMap(({ children }) => children),
  };
}

/** The stream with this round started: nothing is closed yet. */
export function begun(stream: Stream, round: Round, target?: number): Stream {
  const resharding: Resharding = {
    ...round,
    step: 'draining',
    attempt: stream.version + 1,
    ...(target === undefined ? {} : { target }),
  };
  return { ...stream, status: 'UPDATING', resharding };
}

/** Another gateway continues the round from its current step. */
export function takenOver(stream: Stream): Stream {
  const { resharding } = stream;
  if (resharding === undefined) return stream;
  return { ...stream, resharding: { ...resharding, attempt: stream.version + 1 } };
}

export function sealed(stream: Stream): Stream {
  return inStep(stream, 'sealed');
}

/** The parents accept records again, and the round starts over. */
export function unsealed(stream: Stream): Stream {
  return inStep(stream, 'draining');
}

function inStep(stream: Stream, step: Resharding['step']): Stream {
  const { resharding } = stream;
  return resharding === undefined ? stream : { ...stream, resharding: { ...resharding, step } };
}

/** The round is cancelled: nothing was closed, and nothing will be. */
export function undone(stream: Stream): Stream {
  const { resharding: _, ...rest } = stream;
  return { ...rest, status: 'ACTIVE' };
}

/**
 * Closes the parents at these offsets (one past their last record, in the round's order) and opens
 * the children; then starts the next round, or makes the stream ACTIVE. Children are created in a
 * later second than every parent, so their sequence numbers are greater.
 */
export function finished(stream: Stream, ends: readonly Offset[], nowMs: number): Stream {
  const { resharding, shards } = stream;
  if (resharding === undefined) return stream;
  const { parents, children, target } = resharding;
  const endOf = new Map(parents.map((parent, at) => [parent, ends[at]!]));
  const closed = shards.map((shard) => {
    const endOffset = endOf.get(shard.index);
    return endOffset === undefined ? shard : { ...shard, closed: { endOffset, closedAtMs: nowMs } };
  });
  const opened = children.map((child, at) => ({
    index: shards.length + at,
    ...child,
    createdAtSeconds: secondAfter(parentsOf(stream, child), nowMs),
  }));
  const after = undone({ ...stream, shards: [...closed, ...opened] });
  const next = target === undefined ? undefined : uniformRound(after, target);
  return next === undefined ? after : begun(after, next, target);
}

function parentsOf({ shards }: Stream, child: PlannedShard): readonly Shard[] {
  return [child.parentIndex, child.adjacentParentIndex].flatMap((index) => {
    const parent = index === undefined ? undefined : shards[index];
    return parent === undefined ? [] : [parent];
  });
}

function secondAfter(parents: readonly Shard[], nowMs: number): number {
  const latest = Math.max(...parents.map(({ createdAtSeconds }) => createdAtSeconds));
  return Math.max(Math.floor(nowMs / 1000), latest + 1);
}

/** Whether no gateway may acknowledge a record in this shard until the round is over. */
export function isSealed({ resharding }: Stream, index: number): boolean {
  return resharding?.step === 'sealed' && resharding.parents.includes(index);
}

/** The number of partitions that the log needs for the round. */
export function partitionsWanted({ shards, resharding }: Stream): number {
  return shards.length + (resharding?.children.length ?? 0);
}
