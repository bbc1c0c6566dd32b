import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compressRecords, decompressRecords } from '../../src/wire/compression.ts';
import { WireError } from '../../src/wire/primitives.ts';

const sizeMax = 1_000_000;
const text = Buffer.from('some words, and again some words, '.repeat(1_000));

test('a zstd frame of tiny blocks in a large window is read', async () => {
  const blocks = Array.from({ length: 2_000 }, (_, index) => [index === 1_999 ? 9 : 8, 0, 0, 65]);
  const windowOf128Mb = 17 << 3;
  const frame = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, windowOf128Mb, ...blocks.flat()]);
  assert.deepEqual(await decompressRecords('zstd', frame, sizeMax), Buffer.alloc(2_000, 65));
});

test('several zstd frames, and frames to be skipped, are read as one', async () => {
  const frame = await compressRecords('zstd', text);
  const skipped = Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
  const both = Buffer.concat([frame, skipped, frame]);
  assert.deepEqual(await decompressRecords('zstd', both, sizeMax), Buffer.concat([text, text]));
});

test('a zstd frame whose blocks may hold more than the limit is refused unread', async () => {
  // One byte, 100,000 times: size, kind 1 and whether it is the last, in three bytes.
  const block = (last: number) => {
    const header = (100_000 << 3) | (1 << 1) | last;
    return [header & 0xff, (header >> 8) & 0xff, header >> 16, 65];
  };
  const blocks = Array.from({ length: 20 }, (_, index) => block(index === 19 ? 1 : 0));
  const frame = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0x58, ...blocks.flat()]);
  assert.equal((await decompressRecords('zstd', frame, 2_000_000)).length, 2_000_000);
  await assert.rejects(decompressRecords('zstd', frame, 1_999_999), WireError);
});

test('snappy is believed in its size only as far as it can compress', async () => {
  const tenBytesThatClaimAMillion = Buffer.from([0xc0, 0x84, 0x3d, 0, 65, 0, 65, 0, 65, 0]);
  await assert.rejects(decompressRecords('snappy', tenBytesThatClaimAMillion, sizeMax), {
    name: 'WireError',
    message: 'snappy block of a wrong size',
  });
});

test('the blocks of a snappy stream share one limit', async () => {
  const block = await compressRecords('snappy', text);
  const size = Buffer.alloc(4);
  size.writeInt32BE(block.length);
  const header = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1]);
  const stream = Buffer.concat([header, size, block, size, block]);
  const whole = Buffer.concat([text, text]);
  assert.deepEqual(await decompressRecords('snappy', stream, whole.length), whole);
  await assert.rejects(decompressRecords('snappy', stream, whole.length - 1), WireError);
});

test('what stands behind an lz4 frame is no part of it', async () => {
  const frame = await compressRecords('lz4', text);
  const twice = Buffer.concat([frame, frame]);
  assert.deepEqual(await decompressRecords('lz4', twice, sizeMax), text);
});
