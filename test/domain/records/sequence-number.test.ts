import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  endingSequenceNumberOf,
  parseSequenceNumber,
  positionInShard,
  printSequenceNumber,
  sequenceNumberOf,
  startingSequenceNumberOf,
} from '../../../src/domain/records/sequence-number.ts';
import { toOffset } from '../../../src/domain/streams/stream.ts';

const createdAtSeconds = 1795000000;
/** The last offset whose follower still has a number before the end of its shard. */
const offsetMax = 0x7fff_ffff_ffff_fffcn;

const shards = fc.record({
  index: fc.integer({ min: 0, max: 0xffff_ffff }),
  createdAtSeconds: fc.integer({ min: 1_000_000_000, max: 0xffff_ffff }),
});
const offsets = fc.bigInt({ min: 0n, max: offsetMax }).map(toOffset);

test('the vectors of the layout are met', () => {
  const first = sequenceNumberOf({ index: 0, createdAtSeconds }, toOffset(0n));
  assert.equal(
    printSequenceNumber(first),
    '49680334709810242964092010697601563867422484827689975810',
  );
  const other = sequenceNumberOf({ index: 17, createdAtSeconds }, toOffset(1n));
  assert.equal(
    printSequenceNumber(other),
    '49680334709832543709290541320744308511514747818370662674',
  );
});

test('a closed shard ends at position 7fffffffffffffff', () => {
  const ending = endingSequenceNumberOf({ index: 0, createdAtSeconds });
  const hex = ending.toString(16);
  assert.equal(hex.slice(11, 27), '7fffffffffffffff');
});

test('a number tells its shard, creation second and position again', () => {
  fc.assert(
    fc.property(shards, offsets, (shard, offset) => {
      const text = printSequenceNumber(sequenceNumberOf(shard, offset));
      assert.equal(text.length, 56);
      assert.deepEqual(parseSequenceNumber(text), {
        shardIndex: shard.index,
        createdAtSeconds: shard.createdAtSeconds,
        position: offset + 1n,
      });
      assert.deepEqual(positionInShard(shard, text), { kind: 'record', offset });
    }),
  );
});

test('numbers of a shard grow with the offset, between its start and its end, also as text', () => {
  fc.assert(
    fc.property(shards, offsets, (shard, offset) => {
      const next = toOffset(offset + 1n);
      const numbers = [
        startingSequenceNumberOf(shard),
        sequenceNumberOf(shard, offset),
        sequenceNumberOf(shard, next),
        endingSequenceNumberOf(shard),
      ];
      const texts = numbers.map(printSequenceNumber);
      assert.deepEqual(texts, texts.toSorted());
      assert.equal(new Set(texts).size, texts.length);
    }),
  );
});

test('a child made in a later second has greater numbers than its parent', () => {
  const parentEnd = endingSequenceNumberOf({ index: 9, createdAtSeconds });
  const childStart = startingSequenceNumberOf({ index: 1, createdAtSeconds: createdAtSeconds + 1 });
  assert.ok(childStart > parentEnd);
});

test('a number of another shard or of an earlier stream is no position in this one', () => {
  const text = printSequenceNumber(sequenceNumberOf({ index: 3, createdAtSeconds }, toOffset(7n)));
  assert.equal(positionInShard({ index: 19, createdAtSeconds }, text), undefined);
  assert.equal(
    positionInShard({ index: 3, createdAtSeconds: createdAtSeconds + 1 }, text),
    undefined,
  );
});

test('the starting and ending numbers of a shard are its ends', () => {
  const shard = { index: 5, createdAtSeconds };
  const start = printSequenceNumber(startingSequenceNumberOf(shard));
  const end = printSequenceNumber(endingSequenceNumberOf(shard));
  assert.deepEqual(positionInShard(shard, start), { kind: 'start' });
  assert.deepEqual(positionInShard(shard, end), { kind: 'end' });
});

test('digits that the layout cannot produce are not a sequence number', () => {
  const shard = { index: 5, createdAtSeconds };
  const good = sequenceNumberOf(shard, toOffset(1n));
  const broken = [
    '',
    '0',
    'x'.repeat(56),
    '9'.repeat(56),
    String(good + 1n),
    String(good + (1n << 40n)),
    String(good + (1n << 72n)),
    String(good + (1n << 144n)),
    String(good + (1n << 184n)),
  ];
  for (const text of broken) assert.equal(parseSequenceNumber(text), undefined, text);
});
