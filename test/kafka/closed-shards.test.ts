/** Produce to partitions whose shard is closed, frame by frame. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Connection } from '../../adapters/kafka/connection.ts';
import { produceRequest, produceResponse } from '../../src/wire/messages/00-produce.ts';
import { fetchRequest, fetchResponse } from '../../src/wire/messages/01-fetch.ts';
import { metadataRequest, metadataResponse } from '../../src/wire/messages/03-metadata.ts';
import { encodeBatch, fullRecordsOf, readBatches } from '../../src/wire/record-batch.ts';
import { shardIndexOf } from '../../src/domain/streams/stream.ts';
import { createStream, newName } from '../support/doors.ts';
import { sharedEngines } from '../support/engines.ts';
import { type Door, doorAt, openGateway } from '../support/gateways.ts';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { connectTo, initProducer } from '../support/kafka-connection.ts';
import { startKafkaDoor } from '../support/kafka-door.ts';
import { untilTrue } from '../support/until.ts';
import { readShards } from '../support/checks/lineage.ts';
import { split, untilActive } from '../support/resharding.ts';
import { wayTo } from '../support/way.ts';

const produceApi = { request: produceRequest, response: produceResponse };
const fetchApi = { request: fetchRequest, response: fetchResponse };
const metadataApi = { request: metadataRequest, response: metadataResponse };
/** Topics by name. */
const versionMax = 12;

const corruptMessage = 2;
const unknownTopicOrPartition = 3;
const invalidRequiredAcks = 21;
const outOfOrderSequence = 45;
const duplicateSequence = 46;
const invalidRecord = 87;

type Client = {
  readonly door: Door;
  readonly topic: string;
  readonly producerId: bigint;
  /** Writes values from a sequence number on; answers error code and base offset. */
  write(partition: number, baseSequence: number, ...values: string[]): Promise<[number, bigint]>;
  send(partition: number, records: Buffer | null, acks?: number): Promise<[number, bigint]>;
  values(): Promise<string[]>;
};

async function idempotentClient(t: TestContext, where: Gateway, shards = 1): Promise<Client> {
  const topic = await createStream(where.kinesis, shards);
  const door = doorAt(where.kinesis);
  const connection = await connectTo(t, where.kafka);
  await connection.request(metadataApi, { topics: [{ name: topic }] });
  const { producerId, producerEpoch } = await initProducer(connection);
  const send: Client['send'] = async (index, records, acks = -1) => {
    const topicData = [{ name: topic, partitionData: [{ index, records }] }];
    const request = { acks, timeoutMs: 5_000, topicData };
    const answer = await connection.request(produceApi, request, { versionMax });
    const found = answer.responses[0]!.partitionResponses[0]!;
    return [found.errorCode, found.baseOffset];
  };
  return {
    ...{ door, topic, producerId, send },
    write(partition, baseSequence, ...values) {
      const records = values.map((value) => ({ key: Buffer.from('k'), value: Buffer.from(value) }));
      const options = { producerId, producerEpoch, baseSequence };
      return send(partition, encodeBatch(records, Date.now(), options));
    },
    values: async () => (await readShards(door, topic)).map(({ value }) => value),
  };
}

async function splitFirst({ door, topic }: Client): Promise<void> {
  await split(door, topic, 0);
  await untilActive(door, topic);
}

test('what producers write to closed shards', async (whole) => {
  const where = await startGateway(whole);

  await whole.test('a batch is placed on the open descendant, a retry of it is not', async (t) => {
    const client = await idempotentClient(t, where);
    assert.deepEqual(await client.write(0, 0, 'a', 'b'), [0, 0n]);
    await splitFirst(client);
    assert.deepEqual(await client.write(0, 2, 'c', 'd'), [0, -1n]);
    assert.deepEqual(await client.write(0, 2, 'c', 'd'), [0, -1n]);
    assert.deepEqual(await client.write(0, 4, 'e'), [0, -1n]);
    assert.deepEqual(await client.values(), ['a', 'b', 'c', 'd', 'e']);
  });

  await whole.test('a retry of what was in the shard before it closed is known', async (t) => {
    const client = await idempotentClient(t, where);
    await client.write(0, 0, 'a', 'b');
    await splitFirst(client);
    assert.deepEqual(await client.write(0, 0, 'a', 'b'), [0, -1n]);
    assert.deepEqual(await client.write(0, 2, 'c'), [0, -1n]);
    assert.deepEqual(await client.values(), ['a', 'b', 'c']);
  });

  await whole.test('a gap in the numbers is out of order, an old number a duplicate', async (t) => {
    const client = await idempotentClient(t, where);
    await client.write(0, 0, 'a', 'b');
    await splitFirst(client);
    assert.equal((await client.write(0, 5, 'f'))[0], outOfOrderSequence);
    assert.equal((await client.write(0, 2, 'c', 'd'))[0], 0);
    assert.equal((await client.write(0, 1, 'b', 'c'))[0], duplicateSequence);
    assert.deepEqual(await client.values(), ['a', 'b', 'c', 'd']);
  });

  await whole.test(
    'another producer may begin with any number, and children are written',
    async (t) => {
      const client = await idempotentClient(t, where);
      await splitFirst(client);
      assert.deepEqual(await client.write(0, 7, 'a'), [0, -1n]);
      const [code, offset] = await client.write(1, 0, 'b');
      assert.equal(code, 0);
      assert.ok(offset >= 0n, 'an open shard answers with its own offsets');
      assert.deepEqual((await client.values()).toSorted(), ['a', 'b']);
    },
  );

  await whole.test('headers, null keys and null values are kept', async (t) => {
    const client = await idempotentClient(t, where);
    await splitFirst(client);
    const headers = [{ key: 'h', value: Buffer.from([0xff]) }];
    const record = { key: null, value: null, headers };
    const [code] = await client.send(0, encodeBatch([record], Date.now()));
    assert.equal(code, 0);
    const [read] = await fetched(t, where, client.topic, [1, 2]);
    assert.deepEqual([read?.key, read?.value, read?.headers], [null, null, headers]);
  });

  await whole.test(
    'a stream that enforces placement takes each key where it belongs',
    async (t) => {
      const client = await idempotentClient(t, where, 2);
      const tags = { 'kineska.placement': 'enforce' };
      await client.door.ask('AddTagsToStream', { StreamName: client.topic, Tags: tags });
      const keys = Array.from({ length: 40 }, (_, nth) => `key-${nth}`);
      const records = keys.map((key) => ({ key: Buffer.from(key), value: Buffer.from(key) }));
      await untilPlaced(client, encodeBatch(records, Date.now()));
      const shardOf = new Map<string, number>();
      for (const { key, shard } of await readShards(client.door, client.topic)) {
        shardOf.set(key, shard);
      }
      for (const key of keys) {
        const put = { StreamName: client.topic, PartitionKey: key, Data: '' };
        const { ShardId } = await client.door.ask('PutRecord', put);
        assert.equal(shardIndexOf(String(ShardId)), shardOf.get(key), key);
      }
      const refused = await client.door.ask('AddTagsToStream', {
        StreamName: client.topic,
        Tags: { 'kineska.placement': 'anywhere' },
      });
      assert.match(String(refused['__type']), /InvalidArgumentException/);
    },
  );

  await whole.test(
    'a large request is forwarded while it arrives, except for partitions that are not shards',
    async (t) => {
      const topic = await createStream(where.kinesis, 2);
      const connection = await connectTo(t, where.kafka);
      await connection.request(metadataApi, { topics: [{ name: topic }] });
      const data = (index: number) => {
        const value = Buffer.alloc(200_000, String(index));
        return { index, records: encodeBatch([{ key: null, value }], Date.now()) };
      };
      const produce = (acks: number, ...indexes: number[]) => {
        const topicData = [{ name: topic, partitionData: indexes.map(data) }];
        return connection.request(
          produceApi,
          { acks, timeoutMs: 5_000, topicData },
          { versionMax },
        );
      };
      for (const acks of [-1, 1]) {
        const { responses } = await produce(acks, 9, 0, 2, 1);
        const told = responses[0]!.partitionResponses.map(({ index, errorCode }) => [
          index,
          errorCode,
        ]);
        const unknown = unknownTopicOrPartition;
        assert.deepEqual(told.toSorted(), [
          [0, 0],
          [1, 0],
          [2, unknown],
          [9, unknown],
        ]);
      }
      const read = await readShards(doorAt(where.kinesis), topic);
      const found = read.map(({ shard, value }) => [shard, value.length, value[0]]);
      assert.deepEqual(found.toSorted(), [
        [0, 200_000, '0'],
        [0, 200_000, '0'],
        [1, 200_000, '1'],
        [1, 200_000, '1'],
      ]);
      await assert.rejects(produce(0, 0, 9), 'as Kafka, where nobody asked for an answer');
    },
  );

  await whole.test(
    'acks that Kafka does not know are refused, and nothing is written',
    async (t) => {
      const client = await idempotentClient(t, where);
      await splitFirst(client);
      const batch = encodeBatch([{ key: null, value: Buffer.from('x') }], Date.now());
      for (const index of [0, 1]) {
        assert.equal((await client.send(index, batch, 2))[0], invalidRequiredAcks);
      }
      assert.deepEqual(await client.values(), []);
    },
  );

  await whole.test('what is no batch of records is refused as Kafka does', async (t) => {
    const client = await idempotentClient(t, where);
    await splitFirst(client);
    const batch = encodeBatch([{ key: null, value: Buffer.from('x') }], Date.now());
    const broken = Buffer.from(batch);
    broken[broken.length - 1]! ^= 1;
    assert.equal((await client.send(0, broken))[0], corruptMessage);
    assert.equal((await client.send(0, null))[0], invalidRecord);
    assert.equal((await client.send(0, Buffer.concat([batch, batch])))[0], invalidRecord);
    assert.equal((await client.send(9, batch))[0], unknownTopicOrPartition);
    assert.deepEqual(await client.values(), []);
  });
});

/** The tag is seen within a second: until then partition 0 takes all of it, and has an offset. */
async function untilPlaced(client: Client, batch: Buffer): Promise<void> {
  for (;;) {
    const [code, offset] = await client.send(0, batch);
    assert.equal(code, 0);
    if (offset === -1n) return;
  }
}

/** Every record of these partitions, as Kafka consumers see it. */
async function fetched(
  t: TestContext,
  where: Pick<Gateway, 'kafka'>,
  topic: string,
  partitions: number[],
) {
  const answers = await fetchAll(await connectTo(t, where.kafka), topic, partitions);
  return answers.flatMap(({ records }) =>
    readBatches(records ?? Buffer.alloc(0)).flatMap((batch) => fullRecordsOf(batch)),
  );
}

async function fetchAll(connection: Connection, topic: string, partitions: number[]) {
  const request = {
    ...{ replicaId: -1, maxWaitMs: 0, minBytes: 0, maxBytes: 1 << 20, isolationLevel: 0 },
    topics: [
      {
        topic,
        partitions: partitions.map((partition) => ({
          ...{ partition, fetchOffset: 0n, partitionMaxBytes: 1 << 20 },
        })),
      },
    ],
  };
  const answer = await connection.request(fetchApi, request, { versionMax });
  return answer.responses.flatMap((each) => each.partitions);
}

/** A broker names itself a leader a moment before it serves a new partition. */
async function untilServed(connection: Connection, topic: string, partitions: number[]) {
  await untilTrue(`partitions of ${topic}`, async () => {
    const answers = await fetchAll(connection, topic, partitions);
    return answers.every(({ errorCode }) => errorCode === 0);
  });
}

test('a batch that reached a shard behind its end is written to the open descendant', async (t) => {
  const { kafkaBootstrap } = await sharedEngines();
  const way = await wayTo(t, `http://${kafkaBootstrap}`);
  const table = `catalog-${newName()}`;
  const door = await startKafkaDoor(t, { directory: { table }, brokerPort: way.port });
  const gateway = await openGateway(t, table);
  const stream = await door.createStream(1);
  const connection = await connectTo(t, door.bootstrap);
  await connection.request(metadataApi, { topics: [{ name: stream }] });
  await untilServed(connection, stream, [0]);
  await door.streams.find(stream);
  // The batch is on its way to the broker while the shard closes, before its first record.
  way.hold();
  const records = encodeBatch([{ key: Buffer.from('k'), value: Buffer.from('late') }], Date.now());
  const topicData = [{ name: stream, partitionData: [{ index: 0, records }] }];
  const request = { acks: -1, timeoutMs: 5_000, topicData };
  const producing = connection.request(produceApi, request, { versionMax });
  await untilTrue('the batch on its way', () => way.heldBytes() >= records.length);
  await split(gateway, stream);
  await untilActive(gateway, stream);
  way.release();
  const { responses } = await producing;
  const answer = responses[0]!.partitionResponses[0]!;
  assert.deepEqual([answer.errorCode, answer.baseOffset], [0, -1n]);
  const read = await fetched(t, { kafka: door.bootstrap }, stream, [1, 2]);
  assert.deepEqual(
    read.map((each) => String(each.value)),
    ['late'],
  );
});
