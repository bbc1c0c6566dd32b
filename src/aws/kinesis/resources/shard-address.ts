import type { Shard, Stream } from '../../../domain/streams/stream.ts';
import { shardIdOf } from '../../../domain/streams/stream.ts';
import { isGatewayError } from '../../../domain/errors.ts';
import type { KinesisContext } from '../action.ts';
import { KinesisError, shardNotFound } from '../errors.ts';

const shardIndexMax = 2_147_483_647;

/**
 * The shard index in a shard id. AWS reads the number after the first hyphen, or the whole text if
 * there is none, so `shardId-0`, `0` and `shardId-000000000000` are the same shard. Errors:
 * ResourceNotFoundException for text without such a number.
 */
export function shardIndexIn(text: string, stream: string, account: string): number {
  const digits = text.split('-')[1] ?? text;
  const index = /^\d+$/.test(digits) ? Number(digits) : NaN;
  if (index <= shardIndexMax) return index;
  throw new KinesisError(
    'ResourceNotFoundException',
    `Could not find shard ${text} in stream ${stream} under account ${account}.`,
  );
}

export type FoundShard = { readonly stream: Stream; readonly shard: Shard };

/**
 * Finds a shard of a readable stream that `accepts` allows. If the cache does not have it, it is
 * looked up: another gateway may have created it just now. Errors: ResourceNotFoundException, in
 * AWS's words for a shard even if the stream is missing.
 */
export async function findShard(
  name: string,
  shardIndex: number,
  context: KinesisContext,
  accepts: (stream: Stream) => boolean = () => true,
): Promise<FoundShard> {
  const { streams } = context;
  const shardIn = (stream: Stream): Shard | undefined =>
    stream.status !== 'CREATING' && accepts(stream) ? stream.shards[shardIndex] : undefined;
  return namingTheShard(name, shardIndex, context, async () => {
    let stream = await streams.find(name);
    if (shardIn(stream) === undefined) stream = await streams.findFresh(name);
    const shard = shardIn(stream);
    if (shard !== undefined) return { stream, shard };
    throw shardNotFound(shardIdOf(shardIndex), name, context.account);
  });
}

/** Runs work on one shard, and converts "not found" errors for it or its stream to AWS's words. */
export async function namingTheShard<T>(
  stream: string,
  shardIndex: number,
  context: KinesisContext,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isGatewayError(error, 'not-found')) throw error;
    throw shardNotFound(shardIdOf(shardIndex), stream, context.account);
  }
}
