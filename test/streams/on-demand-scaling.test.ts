/** On-demand streams on the real cluster, on a clock that the test moves. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { openShardsOf, shardForPartitionKey } from '../../src/domain/streams/shard-routing.ts';
import { openShardCount } from '../../src/domain/streams/stream-rules.ts';
import { shardIdOf, type Stream } from '../../src/domain/streams/stream.ts';
import { Faults } from '../../src/aws/kinesis/limits/faults.ts';
import {
  idleStreamsEveryMs,
  measuringWindowMs,
  OnDemandScaling,
} from '../../src/streams/on-demand-scaling.ts';
import { ShardLimits } from '../../src/streams/limits/shard-limits.ts';
import { type Body, type DataDoor, dataDoor } from '../aws/kinesis/data-door.ts';
import { untilTrue } from '../support/until.ts';

const dayMs = 86_400_000;
/** A window is ten seconds of clock; in each, every key puts one record. */
const secondsOfWindow = measuringWindowMs / 1000;
const keysPerShard = 10;
const dataBytes = 90 * 1024;

type Scaled = {
  readonly door: DataDoor;
  readonly scaling: OnDemandScaling;
  readonly problems: unknown[];
  stream(): Promise<Stream>;
};

async function scaledDoor(t: TestContext): Promise<Scaled> {
  let shards: ShardLimits | undefined;
  const observer = { throttled: () => {}, injected: () => {} };
  const door = await dataDoor(t, 1, {}, (clock) => {
    shards = new ShardLimits(clock);
    return { limits: { shards, calls: undefined, faults: new Faults([]), observer } };
  });
  door.stoppedAtMs = Date.now();
  const problems: unknown[] = [];
  const { streams, reshardings } = door;
  const scaling = new OnDemandScaling({
    streams,
    reshardings,
    limits: shards!,
    clock: { nowMs: () => door.stoppedAtMs! + door.aheadMs },
    onProblem: (_stream, error) => void problems.push(error),
  });
  return { door, scaling, problems, stream: () => streams.findNow(door.name) };
}

/** The door's stream again, on-demand. */
async function makeOnDemand({ streams, name }: DataDoor, shardCount: number): Promise<void> {
  await streams.delete(name);
  await streams.create({ name, shardCount, mode: 'ON_DEMAND' });
}

function keysOf(stream: Stream): string[] {
  const counts = new Map<number, number>();
  const keys: string[] = [];
  for (let nth = 0; keys.length < keysPerShard * openShardCount(stream); nth++) {
    const key = `key-${nth}`;
    const { index } = shardForPartitionKey(stream, key);
    const count = counts.get(index) ?? 0;
    if (count === keysPerShard) continue;
    counts.set(index, count + 1);
    keys.push(key);
  }
  return keys;
}

/** Every key puts one record, of so many bytes, that begins with this number. */
async function putAll(door: DataDoor, keys: string[], number: number, bytes: number) {
  const Data = Buffer.alloc(bytes, `${number} `).toString('base64');
  const Records = keys.map((PartitionKey) => ({ PartitionKey, Data }));
  const answer = await door.ask('PutRecords', { StreamName: door.name, Records });
  assert.equal(answer['FailedRecordCount'], 0);
}

/** The numbers that each key put, as a reader finds them that reads parents before children. */
async function readAll(door: DataDoor, stream: Stream): Promise<Map<string, number[]>> {
  const read = new Map<string, number[]>();
  for (const { index } of stream.shards) {
    const position = { ShardId: shardIdOf(index), ShardIteratorType: 'TRIM_HORIZON' };
    let iterator: string | undefined = await door.iterator(position);
    for (let behind = 1; behind > 0 && iterator !== undefined;) {
      door.aheadMs += 5_000;
      const answer = await door.read(iterator);
      for (const { PartitionKey, Data } of answer.Records) {
        const numbers = read.get(PartitionKey) ?? [];
        numbers.push(Number.parseInt(Buffer.from(Data, 'base64').toString('latin1', 0, 8), 10));
        read.set(PartitionKey, numbers);
      }
      behind = answer.MillisBehindLatest;
      iterator = answer.NextShardIterator;
    }
  }
  return read;
}

test('a stream that is used grows to twice its peak, and keys keep their order', async (t) => {
  const { door, scaling, problems, stream } = await scaledDoor(t);
  await makeOnDemand(door, 4);
  const keys = keysOf(await stream());
  for (let second = 0; second < secondsOfWindow; second++) {
    await putAll(door, keys, second, dataBytes);
    door.aheadMs += 1_000;
  }
  await scaling.measure();
  assert.deepEqual(problems, []);
  await untilTrue('8 open shards', async () => openShardCount(await stream()) === 8);
  await putAll(door, keys, secondsOfWindow, 10);
  const grown = await stream();
  const [peak] = grown.settings?.onDemand?.peaks ?? [];
  assert.ok(peak!.bytesPerSecond > keys.length * dataBytes);
  assert.equal(grown.shards.length, 12);
  const read = await readAll(door, grown);
  assert.equal(read.size, keys.length);
  const inOrder = Array.from({ length: secondsOfWindow + 1 }, (_, second) => second);
  for (const numbers of read.values()) assert.deepEqual(numbers, inOrder);
});

test('a stream that was not used for 30 days has fewer shards', async (t) => {
  const { door, scaling, problems, stream } = await scaledDoor(t);
  await makeOnDemand(door, 16);
  door.aheadMs = idleStreamsEveryMs;
  await scaling.measure();
  assert.equal((await stream()).settings?.onDemand?.peaks.length, 1);
  door.aheadMs = 31 * dayMs;
  await scaling.measure();
  await untilTrue('8 open shards', async () => openShardCount(await stream()) === 8);
  assert.equal((await stream()).settings?.onDemand?.mergedAtMs, door.stoppedAtMs! + 31 * dayMs);
  assert.deepEqual(problems, []);
});

test('provisioned streams are left as they are, however hot', async (t) => {
  const { door, scaling, stream } = await scaledDoor(t);
  const Records: Body[] = Array.from({ length: 500 }, (_, nth) => ({
    PartitionKey: String(nth),
    Data: '',
  }));
  for (let second = 0; second < secondsOfWindow; second++) {
    for (let times = 0; times < 3; times++) {
      await door.ask('PutRecords', { StreamName: door.name, Records });
    }
    door.aheadMs += 1_000;
  }
  await scaling.measure();
  const left = await stream();
  assert.equal(openShardsOf(left).length, 1);
  assert.equal(left.status, 'ACTIVE');
  assert.equal(left.settings?.onDemand, undefined);
});
