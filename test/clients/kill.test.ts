/** Everything is killed in the middle of puts; nothing that was acknowledged is gone. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  CreateStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
  PutRecordsCommand,
} from '@aws-sdk/client-kinesis';
import kafkajs from 'kafkajs';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { assertGone } from '../support/processes.ts';
import { untilResolved } from '../support/doors.ts';

const StreamName = 'survivor';
const batchRecords = 50;
/** Acknowledged on each door before everything is killed. */
const recordsBeforeKill = 2_000;

/** `retries`: none while everything is killed, so that clients fail at once. */
function clients({ kinesis, kafka }: Gateway, retries: number) {
  const credentials = { accessKeyId: 'any', secretAccessKey: 'any' };
  const region = 'us-east-1';
  return {
    sdk: new KinesisClient({ endpoint: kinesis, region, credentials, maxAttempts: retries + 1 }),
    kafka: new kafkajs.Kafka({
      brokers: [kafka],
      logLevel: kafkajs.logLevel.NOTHING,
      retry: { retries },
    }),
  };
}

/** Sequence numbers, or offsets with their partition, by the value of the record. */
type Positions = Map<string, string>;

/** Puts until it is ended by the kill; any other end is a failure. */
class Putting {
  readonly acknowledged: Positions = new Map();
  /** Fulfilled when enough is acknowledged. */
  readonly enough: Promise<void>;
  readonly done: Promise<void>;
  #killed = false;

  constructor(door: string, put: (values: readonly string[]) => Promise<Positions>) {
    let reached = (): void => undefined;
    const reaching = new Promise<void>((resolve) => {
      reached = resolve;
    });
    this.done = this.#run(door, put, reached);
    this.enough = Promise.race([reaching, this.done]);
  }

  async #run(
    door: string,
    put: (values: readonly string[]) => Promise<Positions>,
    reached: () => void,
  ): Promise<void> {
    try {
      for (let batch = 0; ; batch++) {
        const values = Array.from({ length: batchRecords }, (_, n) => `${door}-${batch}-${n}`);
        for (const [value, position] of await put(values)) {
          this.acknowledged.set(value, position);
        }
        if (this.acknowledged.size >= recordsBeforeKill) reached();
      }
    } catch (error) {
      if (!this.#killed) throw error;
    }
  }

  expectKill(): void {
    this.#killed = true;
  }
}

function puttingByKinesis(sdk: KinesisClient): Putting {
  return new Putting('kinesis', async (values) => {
    const Records = values.map((value) => ({ PartitionKey: value, Data: Buffer.from(value) }));
    const answer = await sdk.send(new PutRecordsCommand({ StreamName, Records }));
    const positions: Positions = new Map();
    answer.Records!.forEach(({ SequenceNumber }, index) => {
      if (SequenceNumber !== undefined) positions.set(values[index]!, SequenceNumber);
    });
    return positions;
  });
}

function puttingByKafka(producer: kafkajs.Producer): Putting {
  let batch = 0;
  return new Putting('kafka', async (values) => {
    const partition = batch++ % 2;
    const messages = values.map((value) => ({ key: value, value, partition }));
    const [answer] = await producer.send({ topic: StreamName, acks: -1, messages });
    const base = BigInt(answer!.baseOffset!);
    return new Map(
      values.map((value, index) => [value, `${partition}:${base + BigInt(index)}`] as const),
    );
  });
}

const timeout = 180_000;

test('kill -9 of gateway and engines loses no acknowledged record', { timeout }, async (t) => {
  const gateway = await startGateway(t, { embedded: true });
  const { sdk, kafka } = clients(gateway, 0);
  await sdk.send(new CreateStreamCommand({ StreamName, ShardCount: 2 }));
  const old = await sdk.send(
    new GetShardIteratorCommand({
      StreamName,
      ShardId: 'shardId-000000000000',
      ShardIteratorType: 'TRIM_HORIZON',
    }),
  );
  const producer = kafka.producer({
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  const byKinesis = puttingByKinesis(sdk);
  const byKafka = puttingByKafka(producer);
  await Promise.all([byKinesis.enough, byKafka.enough]);
  for (const putting of [byKinesis, byKafka]) putting.expectKill();
  const pids = await gateway.kill9();
  assert.equal(pids.length, 2);
  await Promise.all([byKinesis.done, byKafka.done, producer.disconnect()]);
  await assertGone(pids);

  const killedAtMs = performance.now();
  const again = await gateway.again();
  t.diagnostic(`ready again after ${Math.round(performance.now() - killedAtMs)} ms`);
  const after = clients(again, 8);
  const seenByKinesis = await readByKinesis(after.sdk);
  const wanted = new Set([...byKinesis.acknowledged.keys(), ...byKafka.acknowledged.keys()]);
  const seenByKafka = await readByKafka(after.kafka, wanted);
  for (const value of wanted) {
    assert.equal(seenByKinesis.get(value)?.length, 1, `${value} seen through Kinesis`);
    assert.equal(seenByKafka.get(value)?.length, 1, `${value} seen through Kafka`);
  }
  for (const [value, sequence] of byKinesis.acknowledged) {
    assert.equal(seenByKinesis.get(value)![0], sequence, value);
  }
  for (const [value, offset] of byKafka.acknowledged) {
    assert.equal(seenByKafka.get(value)![0], offset, value);
  }
  const { ShardIterator } = old;
  const { Records } = await after.sdk.send(new GetRecordsCommand({ ShardIterator }));
  assert.ok((Records?.length ?? 0) > 0, 'an iterator from before the kill is honoured');

  const file = join(again.dataDir, 'instance.json');
  const { engines } = JSON.parse(readFileSync(file, 'utf8')) as { engines: { pid: number }[] };
  assert.equal(await again.stop(), 0);
  await assertGone(engines.map(({ pid }) => pid));
});

type Seen = Map<string, string[]>;

function note(seen: Seen, value: string, position: string): void {
  seen.set(value, [...(seen.get(value) ?? []), position]);
}

async function readByKinesis(sdk: KinesisClient): Promise<Seen> {
  const seen: Seen = new Map();
  const { Shards = [] } = await sdk.send(new ListShardsCommand({ StreamName }));
  for (const { ShardId } of Shards) {
    let { ShardIterator } = await sdk.send(
      new GetShardIteratorCommand({ StreamName, ShardId, ShardIteratorType: 'TRIM_HORIZON' }),
    );
    for (;;) {
      const answer = await sdk.send(new GetRecordsCommand({ ShardIterator }));
      for (const { Data, SequenceNumber } of answer.Records ?? []) {
        note(seen, Buffer.from(Data!).toString(), SequenceNumber!);
      }
      if (answer.MillisBehindLatest === 0 && answer.Records?.length === 0) break;
      ShardIterator = answer.NextShardIterator;
    }
  }
  return seen;
}

async function readByKafka(kafka: kafkajs.Kafka, wanted: ReadonlySet<string>): Promise<Seen> {
  const consumer = kafka.consumer({ groupId: 'after-the-kill' });
  await consumer.connect();
  await consumer.subscribe({ topic: StreamName, fromBeginning: true });
  const seen: Seen = new Map();
  const missing = new Set(wanted);
  await untilResolved(
    (resolve, reject) => {
      const eachMessage = async ({ partition, message }: kafkajs.EachMessagePayload) => {
        const value = String(message.value);
        note(seen, value, `${partition}:${message.offset}`);
        missing.delete(value);
        if (missing.size === 0) resolve();
      };
      consumer.run({ eachMessage }).catch(reject);
    },
    () => `records are missing: ${[...missing].slice(0, 5).join()}`,
  );
  await consumer.disconnect();
  return seen;
}
