import type { Shard, Stream } from '../../../domain/streams/stream.ts';
import { shardIdOf } from '../../../domain/streams/stream.ts';
import { isGatewayError } from '../../../domain/errors.ts';
import type { KinesisContext } from '../action.ts';
import { KinesisError, shardNotFound } from '../errors.ts';

const shardIndexMax = 2_147_483_647;

/**
 * The index that a shard id means. AWS reads the number after the first hyphen, or the whole text
 * where there is none, so that `shardId-0`, `0` and `shardId-000000000000` are the same shard.
 * Errors: ResourceNotFoundException for text without such a number.
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
 * A shard of a stream that can be read, where `accepts` allows the stream. What the cache does
 * not know is looked up: it may have been made a moment ago by another gateway.
 * Errors: ResourceNotFoundException, in AWS's words for a shard also where the stream is missing.
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

/** Runs work on one shard, and says in AWS's words that it, or its stream, is not there. */
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
