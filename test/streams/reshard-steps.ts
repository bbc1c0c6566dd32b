/** Changes of a stream's shards, as a client of the Kinesis API makes them. */
import assert from 'node:assert/strict';
import { untilTrue } from '../support/until.ts';
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

export async function openShards(gateway: Door, name: string): Promise<readonly ShardView[]> {
  const answer = await gateway.ask('ListShards', { StreamName: name });
  return (answer['Shards'] as ShardView[])
    .filter(({ SequenceNumberRange: range }) => range.EndingSequenceNumber === undefined)
    .toSorted((one, other) =>
      BigInt(one.HashKeyRange.StartingHashKey) < BigInt(other.HashKeyRange.StartingHashKey)
        ? -1
        : 1,
    );
}

function middleOf({ HashKeyRange: { StartingHashKey: start, EndingHashKey: end } }: ShardView) {
  return String((BigInt(start) + BigInt(end)) / 2n);
}

export async function split(gateway: Door, name: string): Promise<void> {
  const [shard] = await openShards(gateway, name);
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
