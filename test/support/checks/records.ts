/** The records that every client program of the tests writes, and what reading them must show. */
import assert from 'node:assert/strict';

const keys = 97;

export const keyOf = (number: number): string => `key-${number % keys}`;

/** As the programs print what they read. */
export type ReadRecord = {
  /** Partition or shard. */
  readonly place: string;
  /** Offset or sequence number, in decimal. */
  readonly position: string;
  readonly key: string | null;
  readonly value: string;
  readonly ms: number;
};

type KafkaRow = {
  readonly partition: number;
  readonly offset: number;
  readonly key: string | null;
  readonly value: string;
  readonly ms: number;
};
type KinesisRow = {
  readonly shard: string;
  readonly seq: string;
  readonly key: string;
  readonly value: string;
  readonly ms: number;
};

export function linesOf<T>(output: string): T[] {
  const lines = output.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as T);
}

export function kafkaRecords(output: string): ReadRecord[] {
  return linesOf<KafkaRow>(output).map(({ partition, offset, key, value, ms }) => ({
    place: String(partition),
    position: String(offset),
    key,
    value: Buffer.from(value, 'base64').toString('utf8'),
    ms,
  }));
}

export function kinesisRecords(output: string): ReadRecord[] {
  return linesOf<KinesisRow>(output).map(({ shard, seq, key, value, ms }) => ({
    place: shard,
    position: seq,
    key,
    value: Buffer.from(value, 'base64').toString('utf8'),
    ms,
  }));
}

/**
 * Every record of `record-0` … is there once, or `copies` times where it was written so often one
 * after the other; under its key, in order per key, at positions that strictly grow in each place,
 * with a timestamp of about now.
 */
export function assertAllOnce(records: readonly ReadRecord[], count: number, copies = 1): void {
  const seen = new Map<number, number>();
  const lastOfKey = new Map<string, { order: number; place: string }>();
  const lastOfPlace = new Map<string, bigint>();
  for (const { place, position, key, value, ms } of records) {
    const number = Number(/^record-(\d+)$/.exec(value)?.[1] ?? Number.NaN);
    assert.ok(number >= 0 && number < count, `unexpected value ${value}`);
    assert.equal(key, keyOf(number));
    const copy = seen.get(number) ?? 0;
    seen.set(number, copy + 1);
    const order = copy * count + number;
    const before = lastOfKey.get(key);
    if (before !== undefined) {
      assert.equal(place, before.place, `${key} is in two places`);
      assert.ok(order > before.order, `${value} is out of order`);
    }
    lastOfKey.set(key, { order, place });
    assert.ok(BigInt(position) > (lastOfPlace.get(place) ?? -1n), 'positions do not grow');
    lastOfPlace.set(place, BigInt(position));
    assert.ok(Math.abs(Date.now() - ms) < 15 * 60_000, `timestamp ${ms}`);
  }
  assert.equal(seen.size, count, 'records are missing');
  for (const [number, times] of seen) assert.equal(times, copies, `record-${number}`);
}
