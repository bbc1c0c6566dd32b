/** CreateTopics, API key 19. Source: the Kafka protocol guide. */
import { array, arrayOf, bool, int16, int32, int8, message, string, uuid } from '../message.ts';

export const createTopicsRequest = message(
  'CreateTopicsRequest',
  { key: 19, versions: [2, 7], flexible: 5 },
  {
    topics: array({
      name: string(),
      numPartitions: int32(),
      replicationFactor: int16(),
      assignments: array({
        partitionIndex: int32(),
        brokerIds: arrayOf(int32()),
      }),
      configs: array({
        name: string(),
        value: string({ nullable: 0 }),
      }),
    }),
    timeoutMs: int32({ default: 60000 }),
    validateOnly: bool(),
  },
);

export const createTopicsResponse = message(
  'CreateTopicsResponse',
  { key: 19, versions: [2, 7], flexible: 5 },
  {
    throttleTimeMs: int32(),
    topics: array({
      name: string(),
      topicId: uuid({ since: 7 }),
      errorCode: int16(),
      errorMessage: string({ nullable: 0 }),
      topicConfigErrorCode: int16({ since: 5, tag: 0 }),
      numPartitions: int32({ since: 5, default: -1 }),
      replicationFactor: int16({ since: 5, default: -1 }),
      configs: array(
        {
          name: string({ since: 5 }),
          value: string({ since: 5, nullable: 5 }),
          readOnly: bool({ since: 5 }),
          configSource: int8({ since: 5, default: -1 }),
          isSensitive: bool({ since: 5 }),
        },
        { since: 5, nullable: 5 },
      ),
    }),
  },
);
