/** The same run twice: directly against the cluster, and through the gateway. */
import type { TestContext } from 'node:test';
import { createTopics } from './create-topics.ts';
import { sharedEngines } from './engines.ts';
import { startGateway } from './gateway.ts';
import { createStream, kafkaClient, newName } from './doors.ts';

export type Way = {
  readonly name: string;
  /** `host:port` to bootstrap from. */
  readonly kafka: string;
  /** Answers the name of a new topic; on the gateway's way a stream made by CreateStream. */
  createTopic(partitions?: number): Promise<string>;
};

const partitionsDefault = 4;

/** Answers the name of a new topic that Kafka's own rules hold for. */
export async function createKafkaTopic(
  bootstrap: string,
  partitions = partitionsDefault,
): Promise<string> {
  const topic = newName();
  const admin = kafkaClient(bootstrap).admin();
  await admin.connect();
  await createTopics(admin, [{ topic, numPartitions: partitions }]);
  await admin.disconnect();
  return topic;
}

export async function bothWays(t: TestContext): Promise<readonly [Way, Way]> {
  const { kafkaBootstrap } = await sharedEngines();
  const { kafka, kinesis } = await startGateway(t);
  return [
    {
      name: 'the cluster itself',
      kafka: kafkaBootstrap,
      createTopic: (partitions) => createKafkaTopic(kafkaBootstrap, partitions),
    },
    {
      name: 'the gateway',
      kafka,
      createTopic: (partitions = partitionsDefault) => createStream(kinesis, partitions),
    },
  ];
}
