/** The same run twice: directly against the cluster, and through the gateway. */
import type { TestContext } from 'node:test';
import { sharedEngines } from '../support/engines.ts';
import { startGateway } from '../support/gateway.ts';
import { untilTrue } from '../support/until.ts';
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
  const topics = [{ topic, numPartitions: partitions }];
  await admin.createTopics({ topics, waitForLeaders: false });
  // A broker hears of a topic from the controller a moment after the answer; kafkajs' own wait fails.
  await untilTrue(`leaders of ${topic}`, async () => {
    const found = await admin.fetchTopicMetadata({ topics: [topic] }).catch(() => undefined);
    const leaders = found?.topics[0]?.partitions.filter(({ leader }) => leader >= 0) ?? [];
    return leaders.length === partitions;
  });
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
