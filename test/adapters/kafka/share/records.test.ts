import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readAcquired } from '../../../../adapters/kafka/share-records.ts';
import type { AcquiredRecord } from '../../../../src/ports/share-log.ts';
import { encodeBatch } from '../../../../src/wire/record-batch.ts';

const where = { log: 'a-log', partition: 3 };

/** A batch of so many records, from an offset on. */
function batchAt(baseOffset: bigint, count: number, leaderEpoch = 0, control = false): Buffer {
  const records = Array.from({ length: count }, (_, index) => ({
    key: null,
    value: Buffer.from(`${baseOffset + BigInt(index)}`),
  }));
  const batch = encodeBatch(records, 1, { baseOffset, control });
  batch.writeInt32BE(leaderEpoch, 12);
  return batch;
}

async function read(
  ranges: readonly (readonly [first: bigint, last: bigint, deliveryCount: number])[],
  batches: readonly Buffer[],
  leaderEpoch = 0,
) {
  const partition = {
    partitionIndex: where.partition,
    ...{ errorCode: 0, errorMessage: null },
    ...{ acknowledgeErrorCode: 0, acknowledgeErrorMessage: null },
    currentLeader: { leaderId: -1, leaderEpoch: -1 },
    records: batches.length === 0 ? null : Buffer.concat(batches),
    acquiredRecords: ranges.map(([firstOffset, lastOffset, deliveryCount]) => ({
      ...{ firstOffset, lastOffset, deliveryCount },
    })),
  };
  const records: AcquiredRecord[] = [];
  const { gaps, unread } = await readAcquired(partition, where, leaderEpoch, records);
  const plain = (all: typeof gaps) => all.map((each) => [each.firstOffset, each.lastOffset]);
  return { records, gaps: plain(gaps), unread: plain(unread) };
}

test('only acquired records are read, with the counts of their ranges', async () => {
  const ranges = [
    [12n, 12n, 4],
    [14n, 15n, 2],
    [18n, 21n, 1],
  ] as const;
  const { records, gaps, unread } = await read(ranges, [batchAt(10n, 10), batchAt(20n, 10)]);
  assert.deepEqual(
    records.map(({ offset, value, deliveryCount }) => [offset, `${value}`, deliveryCount]),
    [
      [12n, '12', 4],
      [14n, '14', 2],
      [15n, '15', 2],
      [18n, '18', 1],
      [19n, '19', 1],
      [20n, '20', 1],
      [21n, '21', 1],
    ],
  );
  assert.deepEqual([gaps, unread], [[], []]);
  assert.ok(records.every(({ partition }) => partition === where.partition));
});

test('acquired offsets without a record are gaps, wherever they are', async () => {
  const ranges = [
    [5n, 13n, 1],
    [15n, 31n, 1],
  ] as const;
  const batches = [
    batchAt(8n, 2),
    batchAt(10n, 1, 0, true),
    batchAt(12n, 1),
    batchAt(16n, 2),
    batchAt(20n, 12, 0, true),
  ];
  const { records, gaps, unread } = await read(ranges, batches);
  assert.deepEqual(
    records.map(({ offset }) => offset),
    [8n, 9n, 12n, 16n, 17n],
  );
  assert.deepEqual(gaps, [
    [5n, 7n],
    [10n, 11n],
    [13n, 13n],
    [15n, 15n],
    [18n, 31n],
  ]);
  assert.deepEqual(unread, []);
});

test('what comes after the last whole batch is unread, and is no gap', async () => {
  const ranges = [
    [0n, 5n, 1],
    [8n, 9n, 1],
  ] as const;
  const cut = batchAt(3n, 5).subarray(0, 40);
  const { records, gaps, unread } = await read(ranges, [batchAt(1n, 2), cut]);
  assert.deepEqual(
    records.map(({ offset }) => offset),
    [1n, 2n],
  );
  assert.deepEqual(gaps, [[0n, 0n]]);
  assert.deepEqual(unread, [
    [3n, 5n],
    [8n, 9n],
  ]);
  assert.deepEqual((await read(ranges, [])).unread, [
    [0n, 5n],
    [8n, 9n],
  ]);
  assert.deepEqual(await read([], [batchAt(1n, 2)]), { records: [], gaps: [], unread: [] });
});

test('records written under an earlier leader are known by their batch', async () => {
  const batches = [batchAt(0n, 1, 2), batchAt(1n, 1, 3), batchAt(2n, 1, -1)];
  const { records } = await read([[0n, 2n, 1]], batches, 3);
  assert.deepEqual(
    records.map(({ isOlderThanLeader }) => isOlderThanLeader),
    [true, false, true],
  );
});

test('broken batches are reported with their place', async () => {
  const broken = batchAt(0n, 3);
  broken.fill(0xff, 61);
  await assert.rejects(read([[0n, 2n, 1]], [broken]), { kind: 'internal', message: /a-log-3/ });
});
