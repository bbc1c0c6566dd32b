import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  believed,
  checkpointAt,
  noOffset,
  positionAt,
  shardAttributes,
  trimHorizon,
} from '../../../src/domain/leases/leases.ts';
import { shardIdOf, toOffset } from '../../../src/domain/streams/stream.ts';
import { at, createdAtMs, splitStream, stream } from './made.ts';

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

test('offsets of no record: none is TRIM_HORIZON, one too large the last that has a number', () => {
  const [shard] = stream('s', 1).shards;
  for (const none of [-1n, -2n, -(2n ** 63n)]) {
    assert.deepEqual(checkpointAt(shard!, toOffset(none)), trimHorizon);
  }
  const position = positionAt(shard!, checkpointAt(shard!, toOffset(2n ** 63n - 1n)));
  assert.deepEqual(position, { kind: 'after', record: 2n ** 63n - 3n, userRecord: 0 });
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
  assert.equal(believed(still, undefined), 'seen', 'the coordinator has forgotten');
  assert.equal(believed(still, noOffset), 'coordinator', 'somebody has committed that');
  assert.equal(believed(still, toOffset(-2n)), 'coordinator');
  assert.equal(believed(moved, toOffset(-2n)), 'lease');
  assert.equal(believed(moved, toOffset(7n)), 'lease');
  assert.equal(believed(moved, toOffset(8n)), 'lease');
  assert.equal(believed({ checkpoint: at('7', 3), seen }, toOffset(7n)), 'lease');
  assert.equal(believed({ checkpoint: trimHorizon }, noOffset), 'lease');
  assert.equal(believed({ checkpoint: at('LATEST') }, toOffset(3n)), 'coordinator');
  assert.equal(believed({ checkpoint: at('LATEST') }, toOffset(-2n)), 'lease');
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
