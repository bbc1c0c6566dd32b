import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  checkpointAt,
  type Lease,
  noOffset,
  originOf,
  parseMultiStreamKey,
  streamIdentifierOf,
  trimHorizon,
} from '../../../src/domain/leases/leases.ts';
import { LeaseView } from '../../../src/domain/leases/lease-view.ts';
import { shardIdOf, toOffset } from '../../../src/domain/streams/stream.ts';
import { at, createdAtMs, leaseOf, splitStream, stream } from './made.ts';

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

test("a child's parents tell whether the group has begun, through those that KCL took away", () => {
  const split = splitStream();
  const [parent, child] = split.shards;
  const origin = { stream: originOf(split) };
  const hasBegun = (...leases: Lease[]) => new LeaseView(leases).hasBegunBefore(split, child!);
  const seenAt = (offset: bigint) => {
    const position = toOffset(offset);
    return { ...origin, seen: { checkpoint: trimHorizon, position, committed: position } };
  };
  const parentKey = shardIdOf(0);
  assert.equal(hasBegun(), false);
  assert.equal(hasBegun(leaseOf(parentKey, checkpointAt(parent!, toOffset(4n)), origin)), true);
  assert.equal(hasBegun(leaseOf(parentKey, trimHorizon, origin)), true, 'KCL begins there');
  assert.equal(hasBegun(leaseOf(parentKey, at('LATEST'), origin)), false);
  assert.equal(hasBegun(leaseOf(parentKey, trimHorizon, seenAt(0n))), true);
  assert.equal(hasBegun(leaseOf(parentKey, trimHorizon, seenAt(-1n))), false, 'none was committed');
  assert.equal(hasBegun(leaseOf(parentKey, trimHorizon, seenAt(-2n))), false);
  assert.equal(hasBegun(leaseOf(shardIdOf(2), trimHorizon, origin)), true, 'the parent is done');
});

test('a table of several streams names them, each once and by its last making', () => {
  const orders = stream('orders', 2);
  const former = stream('orders', 1, createdAtMs - 60_000);
  const other = stream('other', 1);
  const view = new LeaseView(
    [former, orders, other].flatMap((each) =>
      each.shards.map(({ index }) =>
        leaseOf(`${streamIdentifierOf('1', originOf(each))}:${shardIdOf(index)}`, trimHorizon),
      ),
    ),
  );
  assert.equal(view.isOfSeveralStreams, true);
  const seconds = createdAtMs / 1000;
  assert.deepEqual(
    view.streamsByName,
    new Map([
      ['orders', seconds],
      ['other', seconds],
    ]),
  );
  assert.deepEqual(view.shardsOf(orders), orders.shards);
  assert.notEqual(view.find(former, 0)?.key, view.find(orders, 0)?.key);
  const place = view.placeFor(stream('third', 1), () => false);
  assert.equal(place, 'several-streams');
});

test('a renaming that was interrupted continues', () => {
  const orders = stream('orders', 2);
  const renamed = `${streamIdentifierOf('1', originOf(orders))}:${shardIdOf(0)}`;
  const view = new LeaseView([
    leaseOf(renamed, trimHorizon, { stream: originOf(orders) }),
    leaseOf(shardIdOf(1), trimHorizon, { stream: originOf(orders) }),
  ]);
  assert.equal(view.find(orders, 0)?.key, renamed);
  assert.equal(view.find(orders, 1)?.key, shardIdOf(1));
  assert.equal(
    view.placeFor(stream('other', 1), () => false),
    'after-renaming',
  );
});
