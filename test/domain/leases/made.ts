/** Streams and leases for tests of what is pure about them. */
import type { Checkpoint, Lease } from '../../../src/domain/leases/leases.ts';
import { newStream } from '../../../src/domain/streams/stream-rules.ts';
import { type Shard, type Stream, toOffset } from '../../../src/domain/streams/stream.ts';

export const createdAtMs = 1_795_000_000_000;

export function stream(name: string, shardCount: number, atMs = createdAtMs): Stream {
  return newStream({ name, shardCount, mode: 'PROVISIONED' }, atMs);
}

/** Shard 0 was split at offset 100 into shards 1 and 2. */
export function splitStream(): Stream {
  const [parent] = stream('split', 1).shards;
  const closed = { endOffset: toOffset(100n), closedAtMs: createdAtMs + 5_000 };
  const child = (index: number): Shard => ({
    ...parent!,
    index,
    createdAtSeconds: parent!.createdAtSeconds + 6,
    parentIndex: 0,
  });
  return { ...stream('split', 1), shards: [{ ...parent!, closed }, child(1), child(2)] };
}

export function leaseOf(key: string, checkpoint: Checkpoint, more: Partial<Lease> = {}): Lease {
  return { key, checkpoint, counter: 0, ...more };
}

export const at = (sequenceNumber: string, subSequenceNumber = 0): Checkpoint => ({
  sequenceNumber,
  subSequenceNumber,
});
