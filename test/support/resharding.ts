/** Changes of a stream's shards, as a client of the Kinesis API makes them. */
import assert from 'node:assert/strict';
import { untilTrue } from './until.ts';
import type { Body, Door } from './gateways.ts';

const activeTimeoutMs = 60_000;

export async function statusOf(gateway: Door, name: string): Promise<unknown> {
  const answer = await gateway.ask('DescribeStreamSummary', { StreamName: name });
  return (answer['StreamDescriptionSummary'] as Body)['StreamStatus'];
}

export async function untilActive(gateway: Door, name: string): Promise<void> {
  const isActive = async () => (await statusOf(gateway, name)) === 'ACTIVE';
  await untilTrue(`${name} to be ACTIVE`, isActive, activeTimeoutMs);
}

type ShardView = {
  readonly ShardId: string;
  readonly HashKeyRange: { readonly StartingHashKey: string; readonly EndingHashKey: string };
  readonly SequenceNumberRange: { readonly EndingSequenceNumber?: string };
};

export async function listShards(door: Door, StreamName: string): Promise<readonly ShardView[]> {
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
export async function openShards(door: Door, name: string): Promise<readonly ShardView[]> {
  const open = (await listShards(door, name)).filter(
    ({ SequenceNumberRange: range }) => range.EndingSequenceNumber === undefined,
  );
  const startOf = ({ HashKeyRange }: ShardView) => BigInt(HashKeyRange.StartingHashKey);
  return open.toSorted((one, other) => (startOf(one) < startOf(other) ? -1 : 1));
}

function middleOf({ HashKeyRange: { StartingHashKey: start, EndingHashKey: end } }: ShardView) {
  return String((BigInt(start) + BigInt(end)) / 2n);
}

/** Splits an open shard, the first one unless said otherwise, in the middle. */
export async function split(gateway: Door, name: string, nth = 0): Promise<void> {
  const open = await openShards(gateway, name);
  const shard = open[nth % open.length];
  const answer = await gateway.ask('SplitShard', {
    StreamName: name,
    ShardToSplit: shard!.ShardId,
    NewStartingHashKey: middleOf(shard!),
  });
  assert.equal(answer, undefined);
}

export async function merge(gateway: Door, name: string): Promise<void> {
  const [one, other] = await openShards(gateway, name);
  const answer = await gateway.ask('MergeShards', {
    StreamName: name,
    ShardToMerge: one!.ShardId,
    AdjacentShardToMerge: other!.ShardId,
  });
  assert.equal(answer, undefined);
}

export async function scale(gateway: Door, name: string, target: number): Promise<void> {
  const answer = await gateway.ask('UpdateShardCount', {
    StreamName: name,
    TargetShardCount: target,
    ScalingType: 'UNIFORM_SCALING',
  });
  assert.equal(answer['TargetShardCount'], target);
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
