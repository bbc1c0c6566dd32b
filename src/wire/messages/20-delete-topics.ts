/** DeleteTopics, API key 20. Source: the Kafka protocol guide. */
import { array, arrayOf, int16, int32, message, string, uuid } from '../message.ts';

export const deleteTopicsRequest = message(
  'DeleteTopicsRequest',
  { key: 20, versions: [1, 6], flexible: 4 },
  {
    topics: array(
      {
        name: string({ since: 6, nullable: 6, default: null }),
        topicId: uuid({ since: 6 }),
      },
      { since: 6 },
    ),
    topicNames: arrayOf(string(), { until: 5 }),
    timeoutMs: int32(),
  },
);

export const deleteTopicsResponse = message(
  'DeleteTopicsResponse',
  { key: 20, versions: [1, 6], flexible: 4 },
  {
    throttleTimeMs: int32(),
    responses: array({
      name: string({ nullable: 6 }),
      topicId: uuid({ since: 6 }),
      errorCode: int16(),
      errorMessage: string({ since: 5, nullable: 5, default: null }),
    }),
  },
);
