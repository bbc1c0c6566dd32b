import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  believed,
  type Checkpoint,
  checkpointAt,
  type Lease,
  noOffset,
  originOf,
  parseMultiStreamKey,
  positionAt,
  shardAttributes,
  streamIdentifierOf,
  trimHorizon,
} from '../../../src/domain/leases/leases.ts';
import { LeaseView } from '../../../src/domain/leases/lease-view.ts';
import { newStream } from '../../../src/domain/streams/stream-rules.ts';
import {
  type Shard,
  shardIdOf,
  type Stream,
  toOffset,
} from '../../../src/domain/streams/stream.ts';

const createdAtMs = 1_795_000_000_000;

function stream(name: string, shardCount: number, atMs = createdAtMs): Stream {
  return newStream({ name, shardCount, mode: 'PROVISIONED' }, atMs);
}

/** Shard 0 was split at offset 100 into shards 1 and 2. */
function splitStream(): Stream {
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

function leaseOf(key: string, checkpoint: Checkpoint, more: Partial<Lease> = {}): Lease {
  return { key, checkpoint, counter: 0, ...more };
}

const at = (sequenceNumber: string, subSequenceNumber = 0): Checkpoint => ({
  sequenceNumber,
  subSequenceNumber,
});

test('a checkpoint names the last record done, an offset the next one to read', () => {
  const [shard] = stream('s', 1).shards;
  const checkpoint = checkpointAt(shard!, toOffset(1n));
  assert.equal(
    checkpoint.sequenceNumber,
    '49680334709810242964092010697601563867422484827689975810',
  );
  assert.deepEqual(positionAt(shard!, checkpoint), { kind: 'after', record: 0n, userRecord: 0 });
  for (const offset of [2n, 77n, 2n ** 62n]) {
    const position = positionAt(shard!, checkpointAt(shard!, toOffset(offset)));
    assert.deepEqual(position, { kind: 'after', record: offset - 1n, userRecord: 0 });
  }
});

test('the first offset is TRIM_HORIZON, the end of a closed shard is SHARD_END', () => {
  const { shards } = splitStream();
  assert.equal(checkpointAt(shards[1]!, toOffset(0n)).sequenceNumber, 'TRIM_HORIZON');
  assert.equal(checkpointAt(shards[0]!, toOffset(100n)).sequenceNumber, 'SHARD_END');
  assert.match(checkpointAt(shards[0]!, toOffset(99n)).sequenceNumber, /^\d{56}$/);
});

test('sentinels and numbers of other shards are told apart', () => {
  const [shard, other] = stream('s', 2).shards;
  const former = stream('s', 1, createdAtMs - 60_000).shards[0]!;
  assert.deepEqual(positionAt(shard!, trimHorizon), { kind: 'start' });
  assert.deepEqual(positionAt(shard!, at('SHARD_END')), { kind: 'end' });
  assert.deepEqual(positionAt(shard!, at('LATEST')), { kind: 'reader' });
  assert.deepEqual(positionAt(shard!, at('AT_TIMESTAMP')), { kind: 'reader' });
  for (const foreign of [other!, former]) {
    const checkpoint = checkpointAt(foreign, toOffset(5n));
    assert.deepEqual(positionAt(shard!, checkpoint), { kind: 'foreign' });
  }
});

test('the side that moved since the lease was last seen is current; KCL if both did', () => {
  const seen = { checkpoint: at('7'), position: toOffset(7n), committed: toOffset(7n) };
  const still = { checkpoint: at('7'), seen };
  const moved = { checkpoint: at('9'), seen };
  assert.equal(believed(still, toOffset(7n)), 'seen');
  assert.equal(believed(still, toOffset(8n)), 'coordinator');
  assert.equal(believed(still, noOffset), 'seen', 'the coordinator has forgotten');
  assert.equal(believed(moved, toOffset(7n)), 'lease');
  assert.equal(believed(moved, toOffset(8n)), 'lease');
  assert.equal(believed({ checkpoint: at('7', 3), seen }, toOffset(7n)), 'lease');
  assert.equal(believed({ checkpoint: trimHorizon }, noOffset), 'lease');
  assert.equal(believed({ checkpoint: at('LATEST') }, toOffset(3n)), 'coordinator');
});

test('a table of one stream is found by its checkpoints, or by being asked for one stream', () => {
  const [orders, other] = [stream('orders', 2), stream('other', 2, createdAtMs + 9_000)];
  const told = new LeaseView([
    leaseOf(shardIdOf(0), trimHorizon),
    leaseOf(shardIdOf(1), checkpointAt(orders.shards[1]!, toOffset(4n))),
  ]);
  told.claim([other, orders]);
  assert.equal(told.find(orders, 1)?.key, shardIdOf(1));
  assert.equal(told.find(other, 1), undefined);
  const silent = new LeaseView([leaseOf(shardIdOf(0), trimHorizon)]);
  silent.claim([other, orders]);
  assert.equal(silent.find(orders, 0), undefined, 'either of the two could be meant');
  silent.claim([other]);
  assert.equal(silent.find(other, 0)?.key, shardIdOf(0));
});

test('a table of several streams is keyed as KCL keys it, with the account that it has', () => {
  const orders = stream('orders', 2);
  const identifier = streamIdentifierOf('111122223333', originOf(orders));
  assert.equal(identifier, '111122223333:orders:1795000000');
  const key = `${identifier}:${shardIdOf(1)}`;
  assert.deepEqual(parseMultiStreamKey(key), {
    account: '111122223333',
    stream: 'orders',
    createdAtSeconds: 1_795_000_000,
    shardIndex: 1,
  });
  const view = new LeaseView([leaseOf(key, trimHorizon)]);
  assert.equal(view.find(orders, 1)?.key, key);
  assert.equal(view.find(orders, 0), undefined);
  const seen = { checkpoint: trimHorizon, position: noOffset, committed: noOffset };
  const where = { stream: orders, shard: orders.shards[0]!, account: '000000000000' };
  const made = view.newLease(where, true, trimHorizon, seen);
  assert.equal(made.key, `${identifier}:${shardIdOf(0)}`);
  assert.deepEqual(made.multiStream, { streamIdentifier: identifier, shardId: shardIdOf(0) });
});

test('leases of a stream that was deleted and made again are not those of the new one', () => {
  const former = stream('orders', 1, createdAtMs - 60_000);
  const lease = leaseOf(shardIdOf(0), at('SHARD_END'), { stream: originOf(former) });
  const view = new LeaseView([lease]);
  assert.equal(view.find(stream('orders', 1), 0), undefined);
  assert.equal(
    view.placeFor(stream('orders', 1), () => false),
    'after-clearing',
  );
});

test('a second stream makes a table one of several, but never under a KCL worker', () => {
  const orders = stream('orders', 1);
  const lease = leaseOf(shardIdOf(0), trimHorizon, { stream: originOf(orders) });
  const other = stream('other', 1);
  const isOurs = (owner: string) => owner === 'ours';
  assert.equal(new LeaseView([lease]).placeFor(other, isOurs), 'after-renaming');
  const ours = new LeaseView([{ ...lease, owner: 'ours' }]);
  assert.equal(ours.placeFor(other, isOurs), 'after-renaming');
  const theirs = new LeaseView([{ ...lease, owner: 'worker' }]);
  assert.equal(theirs.placeFor(other, isOurs), 'nowhere');
  assert.equal(theirs.placeFor(orders, isOurs), 'one-stream');
});

test('a closed shard whose lease is gone while its children have theirs is finished', () => {
  const split = splitStream();
  const origin = { stream: originOf(split) };
  const children = [1, 2].map((index) => leaseOf(shardIdOf(index), trimHorizon, origin));
  const view = new LeaseView(children);
  assert.equal(view.wasFinished(split, split.shards[0]!), true);
  assert.deepEqual(view.missing(split), []);
  const none = new LeaseView([]);
  assert.equal(none.wasFinished(split, split.shards[0]!), false);
  assert.deepEqual(none.missing(split), split.shards);
});

test('leases tell parents, children and hash ranges as KCL writes them', () => {
  const split = splitStream();
  const parent = shardAttributes(split, split.shards[0]!);
  assert.deepEqual(parent.childShardIds, [shardIdOf(1), shardIdOf(2)]);
  assert.deepEqual(parent.parentShardIds, []);
  assert.equal(parent.startingHashKey, '0');
  assert.equal(parent.endingHashKey, '340282366920938463463374607431768211455');
  assert.deepEqual(shardAttributes(split, split.shards[2]!).parentShardIds, [shardIdOf(0)]);
});

test('the leases of a deleted stream are those that are certainly of it', () => {
  const deleted = stream('orders', 2);
  const [first, second] = deleted.shards;
  const origin = originOf(deleted);
  const former = { ...origin, createdAtSeconds: origin.createdAtSeconds - 1 };
  const keysOf = (leases: readonly Lease[], isAlone = true) =>
    new LeaseView(leases).leasesOf(deleted, isAlone).map(({ key }) => key);
  const [one, other] = [shardIdOf(0), shardIdOf(1)];
  const numbered = leaseOf(one, checkpointAt(first!, toOffset(5n)));
  const ended = leaseOf(other, at('SHARD_END'));
  // Seen by a gateway: the rows name their stream, and with them those that KCL made beside them.
  const named = leaseOf(one, trimHorizon, { stream: origin });
  assert.deepEqual(keysOf([named, ended], false), [one, other]);
  assert.deepEqual(keysOf([leaseOf(one, trimHorizon, { stream: former }), ended]), []);
  // Of two makings in one table, each row that names its stream goes with that.
  assert.deepEqual(keysOf([named, leaseOf(other, trimHorizon, { stream: former })]), [one]);
  // Of KCL alone: sequence numbers tell, where no other stream has them.
  assert.deepEqual(keysOf([numbered, ended]), [one, other]);
  assert.deepEqual(keysOf([numbered, ended], false), []);
  assert.deepEqual(keysOf([leaseOf(one, at('LATEST')), ended]), []);
  const later = { ...second!, createdAtSeconds: second!.createdAtSeconds + 1 };
  assert.deepEqual(keysOf([numbered, leaseOf(other, checkpointAt(later, toOffset(5n)))]), []);
  assert.deepEqual(keysOf([numbered, leaseOf(shardIdOf(7), numbered.checkpoint)]), []);
  // Of several streams: the key tells.
  const keyOf = (of: typeof origin) => `${streamIdentifierOf('1', of)}:${one}`;
  const several = [origin, former, { ...origin, name: 'others' }].map((of) =>
    leaseOf(keyOf(of), trimHorizon),
  );
  assert.deepEqual(keysOf(several, false), [keyOf(origin)]);
});
