/** A topic of its own on the real Kafka, and share groups on it, from several gateways. */
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import type { Cluster } from '../../../../adapters/kafka/cluster.ts';
import { KafkaShareLog } from '../../../../adapters/kafka/share-log.ts';
import type { Offset } from '../../../../src/domain/streams/stream.ts';
import type { ShareGroup } from '../../../../src/ports/share-log.ts';
import { sharedEngines } from '../../../support/engines.ts';
import { clusterOf, longLockMs } from './share-calls.ts';
import { recordOf, start, type TestTopic, testTopic } from '../log/topic.ts';

const { kafkaBootstrap } = await sharedEngines();

export type Gateway = { readonly cluster: Cluster; readonly shares: KafkaShareLog };

export type ShareTopic = {
  readonly topic: TestTopic;
  readonly shares: KafkaShareLog;
  /** Another gateway, with connections of its own; closed after the test. */
  another(): Gateway;
  /** A new group at the start of every partition. */
  group(lockMs?: number): Promise<ShareGroup>;
  /** Appends records with these values to a partition, as one batch. */
  put(values: readonly string[], partition?: number): Promise<void>;
};

export async function shareTopic(t: TestContext, partitions = 1): Promise<ShareTopic> {
  const opened: Cluster[] = [];
  const another = () => {
    const cluster = clusterOf(kafkaBootstrap);
    opened.push(cluster);
    return { cluster, shares: new KafkaShareLog(cluster) };
  };
  const { shares } = another();
  const groups: ShareGroup[] = [];
  t.after(async () => {
    for (const group of groups) await shares.delete(group);
    for (const cluster of opened) cluster.close();
  });
  const topic = await testTopic(t, {}, partitions);
  const starts = new Map<number, Offset>();
  for (let partition = 0; partition < partitions; partition++) starts.set(partition, start);
  return {
    ...{ topic, shares, another },
    async group(lockMs = longLockMs) {
      const group = { groupId: `share-${randomUUID()}`, log: topic.name };
      groups.push(group);
      await shares.create(group, { lockMs }, starts);
      return group;
    },
    async put(values, partition = 0) {
      const records = values.map((value) => recordOf(value));
      const { error } = await topic.log.append({ log: topic.name, partition }, records);
      if (error !== undefined) throw error;
    },
  };
}
