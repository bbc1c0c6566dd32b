/** What the tests of groups need of both doors: streams with records, and kafkajs as a group. */
import { ListShardsCommand } from '@aws-sdk/client-kinesis';
import type kafkajs from 'kafkajs';
import type { TestContext } from 'node:test';
import { Cluster } from '../../adapters/kafka/cluster.ts';
import {
  offsetCommitRequest,
  offsetCommitResponse,
} from '../../src/wire/messages/08-offset-commit.ts';
import {
  findCoordinatorRequest,
  findCoordinatorResponse,
} from '../../src/wire/messages/10-find-coordinator.ts';
import { parseSequenceNumber } from '../../src/domain/records/sequence-number.ts';
import { createStream, kafkaClient, kinesisClient, untilResolved } from './doors.ts';
import { produceByKafkajs } from './programs/kafkajs.ts';
import type { Gateway } from './gateway.ts';
import { untilTrue } from './until.ts';

export type TestShard = { readonly index: number; readonly createdAtSeconds: number };

export async function shardsOf(gateway: Gateway, stream: string): Promise<readonly TestShard[]> {
  const client = kinesisClient(gateway.kinesis);
  const { Shards = [] } = await client.send(new ListShardsCommand({ StreamName: stream }));
  client.destroy();
  return Shards.map(({ SequenceNumberRange }, index) => {
    const parts = parseSequenceNumber(SequenceNumberRange?.StartingSequenceNumber ?? '');
    return { index, createdAtSeconds: parts?.createdAtSeconds ?? 0 };
  });
}

/** A stream with `count` records, and how many of them each shard has. */
export async function filledStream(gateway: Gateway, count: number, shardCount = 4) {
  const stream = await createStream(gateway.kinesis, shardCount);
  await produceByKafkajs(gateway.kafka, stream, count);
  const ends = await withAdmin(gateway.kafka, (admin) => admin.fetchTopicOffsets(stream));
  const counts = new Map(ends.map(({ partition, high }) => [partition, Number(high)]));
  return { stream, counts, shards: await shardsOf(gateway, stream) };
}

export async function withAdmin<T>(
  bootstrap: string,
  work: (admin: kafkajs.Admin) => Promise<T>,
): Promise<T> {
  const admin = kafkaClient(bootstrap).admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

/** Offsets of the group by partition; −1 where there is none. */
export async function committedOffsets(
  bootstrap: string,
  groupId: string,
  topic: string,
): Promise<readonly number[]> {
  const answer = await withAdmin(bootstrap, (admin) =>
    admin.fetchOffsets({ groupId, topics: [topic] }),
  );
  const partitions = answer[0]?.partitions ?? [];
  const sorted = [...partitions].toSorted((one, other) => one.partition - other.partition);
  return sorted.map(({ offset }) => Number(offset));
}

const offsetCommitApi = { request: offsetCommitRequest, response: offsetCommitResponse };
const findCoordinatorApi = { request: findCoordinatorRequest, response: findCoordinatorResponse };

const coordinatorLoadInProgress = 14;
const notCoordinator = 16;

export type Commit = {
  readonly groupId: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number | bigint;
  readonly metadata?: string;
  readonly leaderEpoch?: number;
};

/** As commitTo, until it is accepted: a coordinator that is just loading is asked again. */
export function commitAccepted(cluster: Cluster, commit: Commit): Promise<void> {
  return untilTrue(`a commit of ${commit.groupId} to be accepted`, async () => {
    const code = await commitTo(cluster, commit);
    if (code !== 0 && code !== coordinatorLoadInProgress) throw new Error(`error ${code}`);
    return code === 0;
  });
}

/** Commits as administrators do, outside of a generation; answers the error code. */
export async function commitTo(cluster: Cluster, commit: Commit, versionMax = 9): Promise<number> {
  const { groupId, topic, partition, offset, metadata = '', leaderEpoch = -1 } = commit;
  const topicId = (await cluster.topic(topic)).topicId;
  const each = {
    partitionIndex: partition,
    committedOffset: BigInt(offset),
    committedMetadata: metadata,
    committedLeaderEpoch: leaderEpoch,
  };
  const value = { groupId, memberId: '', topics: [{ name: topic, topicId, partitions: [each] }] };
  let code = notCoordinator;
  // A new cluster makes the topic of committed offsets when a coordinator is first asked for.
  await untilTrue(`a coordinator of ${groupId}`, async () => {
    const answer = await cluster.request(offsetCommitApi, value, { versionMax });
    code = answer.topics[0]?.partitions[0]?.errorCode ?? -1;
    if (code !== notCoordinator) return true;
    await cluster.request(findCoordinatorApi, { key: groupId, coordinatorKeys: [groupId] });
    return false;
  });
  return code;
}

/** Requests by the wire tables, in any version; closed after the test. */
export function clusterAt(t: TestContext, bootstrap: string): Cluster {
  const [host = '', port = ''] = bootstrap.split(':');
  const cluster = new Cluster({ bootstrap: [{ host, port: Number(port) }], clientId: 'test' });
  t.after(() => cluster.close());
  return cluster;
}

export type Read = { readonly partition: number; readonly offset: number; readonly value: string };

/** A member of the group reads `count` records, commits what it read, and leaves. */
export async function readAsGroup(
  bootstrap: string,
  groupId: string,
  topic: string,
  count: number,
): Promise<readonly Read[]> {
  const consumer = kafkaClient(bootstrap).consumer({ groupId });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const read: Read[] = [];
  await untilResolved(
    (resolve, reject) => {
      const eachMessage = async ({ partition, message }: kafkajs.EachMessagePayload) => {
        if (read.length >= count) return;
        read.push({ partition, offset: Number(message.offset), value: String(message.value) });
        await consumer.commitOffsets([
          { topic, partition, offset: String(Number(message.offset) + 1) },
        ]);
        if (read.length === count) resolve();
      };
      consumer.run({ autoCommit: false, eachMessage }).catch(reject);
    },
    () => `${read.length} of ${count} records were read`,
  );
  await consumer.disconnect();
  return read;
}
