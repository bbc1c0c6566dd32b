/** Groups of every client through the door: members, resumption, share groups, transactions. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type kafkajs from 'kafkajs';
import { createTopics } from '../support/create-topics.ts';
import { sharedEngines } from '../support/engines.ts';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { franzGo, installClients, kafkaProgram, python, run } from '../support/install.ts';
import { untilTrue } from '../support/until.ts';
import { createStream, kafkaClient, untilResolved } from '../support/doors.ts';
import { consumeByKafkajs, produceByKafkajs } from '../support/programs/kafkajs.ts';
import {
  assertAllOnce,
  kafkaRecords,
  kinesisRecords,
  type ReadRecord,
} from '../support/checks/records.ts';

await Promise.all([sharedEngines(), installClients()]);

const count = 1_000;
const many = String(count);
const kafkaPython = 'test/clients/python/kafka_client.py';

const byPython = async (...given: string[]) => run(await python(), [kafkaPython, ...given]);
const byFranz = async (...given: string[]) => run(await franzGo(), given);
const byJava = (...given: string[]) => kafkaProgram(given);

/** Reads `count` records with the group of this client for the topic. */
type Read = (gateway: Gateway, topic: string) => Promise<ReadRecord[]>;

const groups: readonly [string, Read][] = [
  ['kafkajs', ({ kafka }, topic) => consumeByKafkajs(kafka, topic, count)],
  [
    'franz-go',
    async ({ kafka }, topic) => kafkaRecords(await byFranz('consume', kafka, topic, many)),
  ],
  ...['classic', 'consumer'].flatMap((protocol): [string, Read][] => [
    [
      `kafka-clients, group protocol ${protocol}`,
      async ({ kafka }, topic) =>
        kafkaRecords(await byJava('consume', kafka, topic, many, protocol)),
    ],
    [
      `confluent-kafka-python, group protocol ${protocol}`,
      async ({ kafka }, topic) =>
        kafkaRecords(await byPython('consume', kafka, topic, many, protocol)),
    ],
  ]),
];

test('a group that stopped resumes at exactly the next record', async (t) => {
  const gateway = await startGateway(t);
  for (const [client, read] of groups) {
    await t.test(client, async () => {
      const topic = await createStream(gateway.kinesis);
      await produceByKafkajs(gateway.kafka, topic, count);
      const first = await read(gateway, topic);
      await produceByKafkajs(gateway.kafka, topic, count);
      const second = await read(gateway, topic);
      assertAllOnce(first, count);
      assertAllOnce(second, count);
      const placeOf = ({ place, position }: ReadRecord) => `${place}:${position}`;
      const seen = new Set(first.map(placeOf));
      assert.deepEqual(
        second.filter((record) => seen.has(placeOf(record))),
        [],
        'records were read twice',
      );
    });
  }
});

/** Two members of kafkajs get two partitions each; the one that stays takes over the others. */
async function membersByKafkajs(bootstrap: string, topic: string): Promise<void> {
  const client = kafkaClient(bootstrap);
  const group = { groupId: `kafkajs-members-${topic}`, heartbeatInterval: 200 };
  const join = async () => {
    const consumer = client.consumer(group);
    await consumer.connect();
    await consumer.subscribe({ topic });
    return consumer;
  };
  const holding = (consumer: kafkajs.Consumer, partitions: number) =>
    untilResolved(
      (resolve) => {
        const stop = consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
          if (payload.memberAssignment[topic]?.length !== partitions) return;
          stop();
          resolve();
        });
      },
      () => `a member never had ${partitions} partitions`,
    );
  const [stays, leaves] = await Promise.all([join(), join()]);
  const shared = Promise.all([holding(stays, 2), holding(leaves, 2)]);
  const eachMessage = async () => undefined;
  await Promise.all([stays.run({ eachMessage }), leaves.run({ eachMessage })]);
  await shared;
  const takenOver = holding(stays, 4);
  await leaves.disconnect();
  await takenOver;
  await stays.disconnect();
}

// They mostly wait for heartbeats, so they run beside each other.
const besideEachOther = { concurrency: true };

test('members of a group share the partitions of one that leaves', besideEachOther, async (t) => {
  const gateway = await startGateway(t);
  const { kafka } = gateway;
  const clients: readonly [string, (topic: string) => Promise<unknown>][] = [
    ['kafkajs', (topic) => membersByKafkajs(kafka, topic)],
    ['franz-go', (topic) => byFranz('members', kafka, topic)],
    ...['classic', 'consumer'].flatMap(
      (protocol): [string, (topic: string) => Promise<unknown>][] => [
        [
          `kafka-clients, group protocol ${protocol}`,
          (topic) => byJava('members', kafka, topic, protocol),
        ],
        [
          `confluent-kafka-python, group protocol ${protocol}`,
          (topic) => byPython('members', kafka, topic, protocol),
        ],
      ],
    ),
  ];
  await Promise.all(
    clients.map(([client, share]) =>
      t.test(client, async () => {
        await share(await createStream(gateway.kinesis));
      }),
    ),
  );
});

test('a share group reads every record', async (t) => {
  const { kinesis, kafka } = await startGateway(t);
  const topic = await createStream(kinesis);
  await produceByKafkajs(kafka, topic, count);
  const read = kafkaRecords(await byJava('share', kafka, topic, many));
  assert.equal(new Set(read.map(({ value }) => value)).size, count);
  assert.equal(read.length, count);
});

test('what a share group rejects is in its dead letter topic, which is a stream', async (t) => {
  const { kinesis, kafka } = await startGateway(t);
  const topic = await createStream(kinesis);
  const deadLetters = `dlq.${topic}`;
  const admin = kafkaClient(kafka).admin();
  await admin.connect();
  const configEntries = [{ name: 'errors.deadletterqueue.group.enable', value: 'true' }];
  await createTopics(admin, [{ topic: deadLetters, numPartitions: 2, configEntries }]);
  await admin.disconnect();
  await produceByKafkajs(kafka, topic, count);
  const read = kafkaRecords(await byJava('share', kafka, topic, many, deadLetters));
  const rejected = read.filter((_, index) => index % 10 === 0).map(({ value }) => value);
  const byBoto3 = ['test/clients/python/kinesis.py', 'read', kinesis, deadLetters];
  let written: string[] = [];
  await untilTrue('the records that were rejected', async () => {
    const output = await run(await python(), byBoto3);
    written = kinesisRecords(output).map(({ value }) => value);
    return written.length >= rejected.length;
  });
  assert.deepEqual(written.toSorted(), rejected.toSorted());
});

test('offsets and records of a transaction that aborts are as if it had never been', async (t) => {
  const { kinesis, kafka } = await startGateway(t);
  const source = await createStream(kinesis);
  await produceByKafkajs(kafka, source, count);
  const clients = [
    ['kafka-clients', byJava],
    ['confluent-kafka-python', byPython],
    ['franz-go', byFranz],
  ] as const;
  for (const [client, transform] of clients) {
    await t.test(client, async () => {
      const target = await createStream(kinesis);
      await transform('transform', kafka, source, many, target);
      assertAllOnce(kafkaRecords(await byFranz('consume', kafka, target, many)), count);
    });
  }
});
