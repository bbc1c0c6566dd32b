/** DeleteShareGroupOffsets, API key 92. Source: the Kafka protocol guide. */
import { array, int16, int32, message, string, uuid } from '../message.ts';

export const deleteShareGroupOffsetsRequest = message(
  'DeleteShareGroupOffsetsRequest',
  { key: 92, versions: [0, 0], flexible: 0 },
  {
    groupId: string(),
    topics: array({
      topicName: string(),
    }),
  },
);

export const deleteShareGroupOffsetsResponse = message(
  'DeleteShareGroupOffsetsResponse',
  { key: 92, versions: [0, 0], flexible: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: 0, default: null }),
    responses: array({
      topicName: string(),
      topicId: uuid(),
      errorCode: int16(),
      errorMessage: string({ nullable: 0, default: null }),
    }),
  },
);
