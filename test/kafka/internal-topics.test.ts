/**
 * Topics that brokers keep for themselves: through the door a client may do with them what the
 * cluster itself lets it do, and what the cluster refuses is refused in the same words.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Cluster } from '../../adapters/kafka/cluster.ts';
import {
  createTopicsRequest,
  createTopicsResponse,
} from '../../src/wire/messages/19-create-topics.ts';
import {
  deleteTopicsRequest,
  deleteTopicsResponse,
} from '../../src/wire/messages/20-delete-topics.ts';
import {
  deleteRecordsRequest,
  deleteRecordsResponse,
} from '../../src/wire/messages/21-delete-records.ts';
import {
  createPartitionsRequest,
  createPartitionsResponse,
} from '../../src/wire/messages/37-create-partitions.ts';
import {
  incrementalAlterConfigsRequest,
  incrementalAlterConfigsResponse,
} from '../../src/wire/messages/44-incremental-alter-configs.ts';
import { kafkaClient } from '../support/doors.ts';
import { clusterAt } from '../support/groups.ts';
import { startKafkaDoor } from '../support/kafka-door.ts';
import { connectTo, initProducer } from '../support/kafka-connection.ts';
import { untilTrue } from '../support/until.ts';

const timeoutMs = 10_000;
const createApi = { request: createTopicsRequest, response: createTopicsResponse };
const deleteApi = { request: deleteTopicsRequest, response: deleteTopicsResponse };
const recordsApi = { request: deleteRecordsRequest, response: deleteRecordsResponse };
const partitionsApi = { request: createPartitionsRequest, response: createPartitionsResponse };
const configsApi = {
  request: incrementalAlterConfigsRequest,
  response: incrementalAlterConfigsResponse,
};
const noId = 'AAAAAAAAAAAAAAAAAAAAAA';
const topicResource = 2;
const invalidTopic = 17;
const invalidRequest = 42;

/** What clients may try, changing nothing where it is allowed. */
const attempts: Readonly<Record<string, (cluster: Cluster, name: string) => Promise<unknown>>> = {
  create: (cluster, name) => {
    const layout = { numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] };
    const topics = [{ name, ...layout }];
    return cluster.request(createApi, { topics, timeoutMs, validateOnly: true });
  },
  grow: (cluster, name) => {
    const topics = [{ name, count: 1_000, assignments: null }];
    return cluster.request(partitionsApi, { topics, timeoutMs, validateOnly: true });
  },
  configure: (cluster, name) => {
    const configs = [{ name: 'retention.ms', configOperation: 0, value: '86400000' }];
    const resources = [{ resourceType: topicResource, resourceName: name, configs }];
    return cluster.request(configsApi, { resources, validateOnly: true });
  },
  'delete records of': (cluster, name) => {
    const topics = [{ name, partitions: [{ partitionIndex: 0, offset: 0n }] }];
    return cluster.request(recordsApi, { topics, timeoutMs });
  },
};

test("internal topics are to clients of the door what they are to the cluster's", async (t) => {
  const door = await startKafkaDoor(t);
  const [near, far] = [clusterAt(t, door.bootstrap), clusterAt(t, door.direct)];
  // Both are there once somebody has used them.
  await initProducer(await connectTo(t, door.direct), 'some-transaction');
  const admin = kafkaClient(door.direct).admin();
  await admin.connect();
  t.after(() => admin.disconnect());
  await untilTrue('a coordinator of groups', async () => {
    await admin.fetchOffsets({ groupId: 'some-group' }).catch(() => undefined);
    return (await admin.listTopics()).includes('__consumer_offsets');
  });
  const names = ['__consumer_offsets', '__transaction_state', '__cluster_metadata', '..'];
  for (const name of names) {
    for (const [what, attempt] of Object.entries(attempts)) {
      assert.deepEqual(await attempt(near, name), await attempt(far, name), `${what} ${name}`);
    }
  }
});

test('the door refuses what Kafka refuses of internal topics', async (t) => {
  const door = await startKafkaDoor(t);
  const near = clusterAt(t, door.bootstrap);
  const layout = { numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] };
  const topics = [{ name: '__cluster_metadata', ...layout }];
  const made = await near.request(createApi, { topics, timeoutMs, validateOnly: false });
  assert.equal(made.topics[0]?.errorCode, invalidRequest);
  const asked = [{ name: '__cluster_metadata', topicId: noId }];
  const deleted = await near.request(deleteApi, { topics: asked, timeoutMs });
  assert.notEqual(deleted.responses[0]?.errorCode, 0);
  await initProducer(await connectTo(t, door.bootstrap), 'some-transaction');
  const emptied = await near.request(recordsApi, {
    topics: [{ name: '__transaction_state', partitions: [{ partitionIndex: 0, offset: 0n }] }],
    timeoutMs,
  });
  assert.equal(emptied.topics[0]?.partitions[0]?.errorCode, invalidTopic);
  const producer = kafkaClient(door.bootstrap).producer();
  await producer.connect();
  t.after(() => producer.disconnect());
  await assert.rejects(
    producer.send({ topic: '__transaction_state', messages: [{ value: 'a' }] }),
    /invalid topic/,
  );
});
