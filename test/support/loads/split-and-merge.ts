/** A stream of four shards whose first is split and whose last two are merged. */
import {
  type KinesisClient,
  MergeShardsCommand,
  SplitShardCommand,
  waitUntilStreamExists,
} from '@aws-sdk/client-kinesis';
import { shardIdOf } from '../../../src/domain/streams/stream.ts';
import { putNumbered } from '../programs/kcl.ts';

/** Of these come the children: 4 and 5 of 0, 6 of 2 and 3. */
export const closedShards: readonly number[] = [0, 2, 3];
export const childShards: readonly number[] = [4, 5, 6];

const activeSecondsMax = 60;
/** Half of the range of shard 0 of 4. */
const middleOfFirstShard = String(2n ** 125n);
/** In each put while the shards change: small, so that many puts meet the change. */
const recordsAtOnce = 20;

export async function splitAndMerge(client: KinesisClient, StreamName: string): Promise<void> {
  const waiter = { client, maxWaitTime: activeSecondsMax, minDelay: 1, maxDelay: 1 };
  const NewStartingHashKey = middleOfFirstShard;
  const ShardToSplit = shardIdOf(0);
  await client.send(new SplitShardCommand({ StreamName, ShardToSplit, NewStartingHashKey }));
  await waitUntilStreamExists(waiter, { StreamName });
  const [ShardToMerge, AdjacentShardToMerge] = [shardIdOf(2), shardIdOf(3)];
  await client.send(new MergeShardsCommand({ StreamName, ShardToMerge, AdjacentShardToMerge }));
  await waitUntilStreamExists(waiter, { StreamName });
}

/** Puts until `busy` is over. Answers the number of the record that comes next. */
export async function putWhile(
  busy: Promise<unknown>,
  client: KinesisClient,
  stream: string,
  first: number,
): Promise<number> {
  let isOver = false;
  const ending = busy.finally(() => {
    isOver = true;
  });
  ending.catch(() => undefined);
  let next = first;
  for (; !isOver; next += recordsAtOnce) {
    await putNumbered(client, stream, next, next + recordsAtOnce);
  }
  await ending;
  return next;
}
