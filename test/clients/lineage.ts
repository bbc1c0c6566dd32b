/** Streams that are split and merged while clients write to them, and what is in them then. */
import assert from 'node:assert/strict';
import type { Body, Door } from '../streams/gateways.ts';
import { keyOf } from './records.ts';

const activeTimeoutMs = 30_000;
const pollEveryMs = 50;

type ShardView = {
  readonly ShardId: string;
  readonly HashKeyRange: { readonly StartingHashKey: string; readonly EndingHashKey: string };
  readonly SequenceNumberRange: { readonly EndingSequenceNumber?: string };
};

async function listShards(door: Door, StreamName: string): Promise<readonly ShardView[]> {
  const shards: ShardView[] = [];
  let ask: Body = { StreamName };
  for (;;) {
    const { Shards, NextToken } = await door.ask('ListShards', ask);
    shards.push(...(Shards as ShardView[]));
    if (NextToken === undefined) return shards;
    ask = { NextToken };
  }
}

/** Open ones, in the order of their ranges. */
async function openShards(door: Door, name: string): Promise<readonly ShardView[]> {
  const open = (await listShards(door, name)).filter(
    ({ SequenceNumberRange: range }) => range.EndingSequenceNumber === undefined,
  );
  const startOf = ({ HashKeyRange }: ShardView) => BigInt(HashKeyRange.StartingHashKey);
  return open.toSorted((one, other) => (startOf(one) < startOf(other) ? -1 : 1));
}

export async function untilActive(door: Door, StreamName: string): Promise<void> {
  const giveUpAtMs = Date.now() + activeTimeoutMs;
  for (;;) {
    const answer = await door.ask('DescribeStreamSummary', { StreamName });
    const summary = answer['StreamDescriptionSummary'] as Body;
    if (summary['StreamStatus'] === 'ACTIVE') return;
    assert.ok(Date.now() < giveUpAtMs, `${StreamName} does not become ACTIVE`);
    await new Promise((resolve) => setTimeout(resolve, pollEveryMs));
  }
}

export async function split(door: Door, StreamName: string, nth: number): Promise<void> {
  const open = await openShards(door, StreamName);
  const { ShardId, HashKeyRange } = open[nth % open.length]!;
  const { StartingHashKey: start, EndingHashKey: end } = HashKeyRange;
  const NewStartingHashKey = String((BigInt(start) + BigInt(end)) / 2n);
  await door.ask('SplitShard', { StreamName, ShardToSplit: ShardId, NewStartingHashKey });
}

async function merge(door: Door, StreamName: string): Promise<void> {
  const [one, other] = await openShards(door, StreamName);
  await door.ask('MergeShards', {
    StreamName,
    ShardToMerge: one!.ShardId,
    AdjacentShardToMerge: other!.ShardId,
  });
}

/** Two splits and a merge, again and again. Answers how many were through before the end. */
export async function reshardUntil(
  door: Door,
  name: string,
  end: Promise<unknown>,
): Promise<number> {
  let ended = false;
  const ending = end.finally(() => {
    ended = true;
  });
  // What it fails with is told when it is awaited.
  ending.catch(() => undefined);
  let rounds = 0;
  for (let nth = 0; !ended; nth++) {
    if (nth % 3 === 2) await merge(door, name);
    else await split(door, name, nth);
    await untilActive(door, name);
    if (!ended) rounds++;
  }
  await ending;
  return rounds;
}

export type LineageRecord = {
  readonly shard: number;
  readonly key: string;
  readonly value: string;
};

/** Every record of every shard, from parents to children: shards are numbered so. */
export async function readShards(door: Door, StreamName: string): Promise<LineageRecord[]> {
  const records: LineageRecord[] = [];
  for (const [shard, { ShardId }] of (await listShards(door, StreamName)).entries()) {
    const from = { StreamName, ShardId, ShardIteratorType: 'TRIM_HORIZON' };
    let { ShardIterator } = await door.ask('GetShardIterator', from);
    for (;;) {
      const answer = await door.ask('GetRecords', { ShardIterator });
      for (const { PartitionKey, Data } of answer['Records'] as Body[]) {
        const value = Buffer.from(Data as string, 'base64').toString('utf8');
        records.push({ shard, key: PartitionKey as string, value });
      }
      ShardIterator = answer['NextShardIterator'];
      const isAtEnd = answer['MillisBehindLatest'] === 0 && (answer['Records'] as []).length === 0;
      if (ShardIterator === undefined || isAtEnd) break;
    }
  }
  return records;
}

/** `record-0` … are there once, under their keys, and grow along the lineage of each key. */
export function assertInLineage(records: readonly LineageRecord[], count: number): void {
  const seen = new Set<number>();
  const last = new Map<string, LineageRecord & { readonly number: number }>();
  for (const record of records) {
    const number = Number(/^record-(\d+)$/.exec(record.value)?.[1] ?? Number.NaN);
    assert.equal(record.key, keyOf(number));
    assert.ok(!seen.has(number), `record-${number} is there twice, now in ${record.shard}`);
    seen.add(number);
    const before = last.get(record.key);
    if (before !== undefined) {
      const where = `${before.value} of shard ${before.shard}, ${record.value} of ${record.shard}`;
      assert.ok(number > before.number, `${record.key} is out of order: ${where}`);
    }
    last.set(record.key, { ...record, number });
  }
  assert.equal(seen.size, count, 'records are missing');
}
