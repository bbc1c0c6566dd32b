/** Writers that remember what was acknowledged, and a reader that follows shards to children. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { Body, Door } from '../gateways.ts';
import { listShards } from '../resharding.ts';
import { keyOf } from './records.ts';

const keysOfWriter = 3;
const recordsPerPut = 12;
const readTimeoutMs = 40_000;
const idlePollMs = 20;

export type Write = {
  readonly key: string;
  /** Grows by one with every record of the key. */
  readonly number: number;
  /** Shard and sequence number. */
  readonly place: string;
};

/** Even writers put one record at a time, odd ones many; each waits for its answers. */
export async function writeUntil(
  gateway: Door,
  name: string,
  writer: number,
  stop: AbortSignal,
): Promise<Write[]> {
  const writes: Write[] = [];
  const run = randomBytes(3).toString('hex');
  for (let number = 0; !stop.aborted; number++) {
    const keys = Array.from({ length: keysOfWriter }, (_, nth) => `${run}-${writer}-${nth}`);
    if (writer % 2 === 0) {
      const key = keys[0]!;
      const answer = await gateway.ask('PutRecord', { StreamName: name, ...entryOf(key, number) });
      writes.push({ key, number, place: placeOf(answer) });
      continue;
    }
    const entries = Array.from({ length: recordsPerPut }, (_, nth) => ({
      key: keys[nth % keysOfWriter]!,
      number: number * recordsPerPut + nth,
    }));
    const answer = await gateway.ask('PutRecords', {
      StreamName: name,
      Records: entries.map((entry) => entryOf(entry.key, entry.number)),
    });
    const results = answer['Records'] as Body[];
    for (const [nth, entry] of entries.entries()) {
      writes.push({ ...entry, place: placeOf(results[nth]!) });
    }
  }
  return writes;
}

function entryOf(key: string, number: number): Body {
  return { PartitionKey: key, Data: Buffer.from(String(number)).toString('base64') };
}

/** Errors: whatever is no acknowledgement. */
function placeOf({ ShardId, SequenceNumber, ...rest }: Body): string {
  if (typeof ShardId === 'string') return `${ShardId} ${String(SequenceNumber)}`;
  throw new Error(`a put failed: ${JSON.stringify(rest)}`);
}

/**
 * Reads every shard from its start, children behind all of their parents, until `stop` and the
 * end of what is there then.
 */
export async function readLineage(
  gateway: Door,
  name: string,
  stop: AbortSignal,
): Promise<Write[]> {
  const read: Write[] = [];
  const done = new Set<string>();
  const begun = new Set<string>();
  const reads: Promise<void>[] = [];
  const begin = (shard: string): void => {
    if (begun.has(shard)) return;
    begun.add(shard);
    reads.push(
      readShard(gateway, name, shard, stop, read).then((children) => {
        done.add(shard);
        for (const child of children) {
          if (child.ParentShards.every((parent) => done.has(parent))) begin(child.ShardId);
        }
      }),
    );
  };
  const answer = await gateway.ask('ListShards', {
    StreamName: name,
    ShardFilter: { Type: 'AT_TRIM_HORIZON' },
  });
  for (const { ShardId } of answer['Shards'] as { ShardId: string }[]) begin(ShardId);
  for (let at = 0; at < reads.length; at++) await reads[at];
  return read;
}

type Child = { readonly ShardId: string; readonly ParentShards: readonly string[] };

async function readShard(
  gateway: Door,
  name: string,
  shard: string,
  stop: AbortSignal,
  read: Write[],
): Promise<readonly Child[]> {
  const position = { StreamName: name, ShardId: shard, ShardIteratorType: 'TRIM_HORIZON' };
  let { ShardIterator } = await gateway.ask('GetShardIterator', position);
  let giveUpAtMs = Date.now() + readTimeoutMs;
  while (Date.now() < giveUpAtMs) {
    const stopped = stop.aborted;
    const answer = await gateway.ask('GetRecords', { ShardIterator });
    const records = answer['Records'] as Body[];
    if (records === undefined) throw new Error(JSON.stringify(answer));
    if (records.length > 0) giveUpAtMs = Date.now() + readTimeoutMs;
    for (const { PartitionKey, Data, SequenceNumber } of records) {
      const number = Number.parseInt(
        Buffer.from(Data as string, 'base64').toString('latin1', 0, 16),
      );
      read.push({
        key: PartitionKey as string,
        number,
        place: `${shard} ${String(SequenceNumber)}`,
      });
    }
    ShardIterator = answer['NextShardIterator'];
    if (ShardIterator === undefined) return answer['ChildShards'] as Child[];
    if (stopped && records.length === 0 && answer['MillisBehindLatest'] === 0) return [];
    if (records.length === 0) await new Promise((resolve) => setTimeout(resolve, idlePollMs));
  }
  throw new Error(`${shard} was not read in time`);
}

/** Every acknowledged record is read once, nothing is read twice, in order per key. */
export function assertNothingStranded(writes: readonly Write[], read: readonly Write[]): void {
  const seen = new Map<string, number>();
  for (const { key, number } of read) {
    const last = seen.get(key) ?? -1;
    assert.ok(number > last, `${key}: ${number} after ${last}`);
    seen.set(key, number);
  }
  const readNames = new Set(read.map(({ place }) => place));
  const missing = writes.filter(({ place }) => !readNames.has(place));
  assert.deepEqual(missing, []);
  assert.equal(read.length, writes.length);
}

export type LineageRecord = {
  readonly shard: number;
  readonly key: string;
  readonly value: string;
};

/** Every record of every shard, from parents to children: shards are numbered so. */
export async function readShards(door: Door, StreamName: string): Promise<LineageRecord[]> {
  const records: LineageRecord[] = [];
  for (const [shard, { ShardId }] of (await listShards(door, StreamName)).entries()) {
    const from = { StreamName, ShardId, ShardIteratorType: 'TRIM_HORIZON' };
    let { ShardIterator } = await door.ask('GetShardIterator', from);
    for (;;) {
      const answer = await door.ask('GetRecords', { ShardIterator });
      for (const { PartitionKey, Data } of answer['Records'] as Body[]) {
        const value = Buffer.from(Data as string, 'base64').toString('utf8');
        records.push({ shard, key: PartitionKey as string, value });
      }
      ShardIterator = answer['NextShardIterator'];
      const isAtEnd = answer['MillisBehindLatest'] === 0 && (answer['Records'] as []).length === 0;
      if (ShardIterator === undefined || isAtEnd) break;
    }
  }
  return records;
}

/** `record-0` … are there once, under their keys, and grow along the lineage of each key. */
export function assertInLineage(records: readonly LineageRecord[], count: number): void {
  const seen = new Set<number>();
  const last = new Map<string, LineageRecord & { readonly number: number }>();
  for (const record of records) {
    const number = Number(/^record-(\d+)$/.exec(record.value)?.[1] ?? Number.NaN);
    assert.equal(record.key, keyOf(number));
    assert.ok(!seen.has(number), `record-${number} is there twice, now in ${record.shard}`);
    seen.add(number);
    const before = last.get(record.key);
    if (before !== undefined) {
      const where = `${before.value} of shard ${before.shard}, ${record.value} of ${record.shard}`;
      assert.ok(number > before.number, `${record.key} is out of order: ${where}`);
    }
    last.set(record.key, { ...record, number });
  }
  assert.equal(seen.size, count, 'records are missing');
}
