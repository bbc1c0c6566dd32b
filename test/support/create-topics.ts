/** Topics made by kafkajs, and there once this answers. */
import type kafkajs from 'kafkajs';
import { untilTrue } from './until.ts';

/**
 * A broker learns of a topic from the controller shortly after the response to CreateTopics.
 * kafkajs' own wait takes a broker that has not heard yet for an error.
 */
export async function createTopics(
  admin: kafkajs.Admin,
  topics: readonly kafkajs.ITopicConfig[],
): Promise<void> {
  await admin.createTopics({ topics: [...topics], waitForLeaders: false });
  const names = topics.map(({ topic }) => topic);
  await untilTrue(`leaders of ${names.join()}`, async () => {
    const found = await admin.fetchTopicMetadata({ topics: names }).catch(() => undefined);
    const partitions = found?.topics.map((each) => each.partitions) ?? [];
    return (
      partitions.every((each) => each.length > 0 && each.every(({ leader }) => leader >= 0)) &&
      partitions.length === names.length
    );
  });
}
