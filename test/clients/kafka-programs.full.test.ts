/** Kafka's own programs that check clients, directly with the cluster and through the gateway. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sharedEngines } from '../support/engines.ts';
import { kafkaTool } from '../support/install.ts';
import { bothWays, type Way } from '../support/both-ways.ts';
import { kafkaClient } from '../support/doors.ts';

await sharedEngines();

const tools = 'org.apache.kafka.tools';
const timeout = 280_000;
const count = 2_000;
const many = String(count);

/** A topic that ClientCompatibilityTest makes and leaves there. */
const newTopic = 'newtopic';

async function deleteNewTopic(kafka: string): Promise<void> {
  const admin = kafkaClient(kafka).admin();
  await admin.connect();
  if ((await admin.listTopics()).includes(newTopic)) {
    await admin.deleteTopics({ topics: [newTopic] });
  }
  await admin.disconnect();
}

async function findsAllFeatures({ kafka, createTopic }: Way): Promise<void> {
  await deleteNewTopic(kafka);
  const supported = [
    ...['offsets-for-times', 'cluster-id', 'create-topics', 'describe-acls'],
    ...['describe-configs', 'idempotent-producer'],
  ];
  const printed = await kafkaTool(`${tools}.ClientCompatibilityTest`, [
    ...['--bootstrap-server', kafka, '--topic', await createTopic(1)],
    ...supported.flatMap((feature) => [`--${feature}-supported`, 'true']),
    ...['--expect-record-too-large-exception', 'false', '--num-cluster-nodes', '1'],
  ]);
  assert.match(printed, /SUCCESS/);
  await deleteNewTopic(kafka);
}

/** It gives a consumer ten seconds to read two records, which a busy machine may not have. */
const ownDeadline = /Timed out after 10000 ms/;

test('ClientCompatibilityTest finds all features of the cluster', { timeout }, async (t) => {
  for (const way of await bothWays(t)) {
    await t.test(way.name, () =>
      findsAllFeatures(way).catch((error: Error) => {
        if (!ownDeadline.test(error.message)) throw error;
        return findsAllFeatures(way);
      }),
    );
  }
});

type Event = {
  readonly name: string;
  readonly sent?: number;
  readonly acked?: number;
  readonly count?: number;
};

/** The events that a verifiable program prints, a line each. */
async function events(program: string, given: readonly string[]): Promise<Event[]> {
  const printed = await kafkaTool(`${tools}.${program}`, given);
  const lines = printed.split('\n').filter((line) => line.startsWith('{'));
  return lines.map((line) => JSON.parse(line) as Event);
}

const total = (found: readonly Event[], kind: string) =>
  found.filter(({ name }) => name === kind).reduce((sum, event) => sum + (event.count ?? 0), 0);

test('the verifiable producer and all consumers agree', { timeout }, async (t) => {
  for (const { name, kafka, createTopic } of await bothWays(t)) {
    await t.test(name, async () => {
      const topic = await createTopic(2);
      const given = ['--bootstrap-server', kafka, '--topic', topic, '--max-messages', many];
      const produced = await events('VerifiableProducer', [...given, '--acks', '-1']);
      const summary = produced.find((event) => event.name === 'tool_data');
      assert.deepEqual([summary?.sent, summary?.acked], [count, count]);
      for (const protocol of ['classic', 'consumer']) {
        const group = ['--group-id', `${protocol}-${topic}`, '--group-protocol', protocol];
        const reset = ['--reset-policy', 'earliest'];
        const read = await events('VerifiableConsumer', [...given, ...group, ...reset]);
        assert.equal(total(read, 'records_consumed'), count, protocol);
      }
      const share = ['--group-id', `share-${topic}`, '--acknowledgement-mode', 'sync'];
      const reset = ['--offset-reset-strategy', 'earliest'];
      const shared = await events('VerifiableShareConsumer', [...given, ...share, ...reset]);
      assert.equal(total(shared, 'offsets_acknowledged'), count);
    });
  }
});
