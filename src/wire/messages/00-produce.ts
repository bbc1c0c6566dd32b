/** Produce, API key 0. Source: the Kafka protocol guide. */
import { array, int16, int32, int64, message, records, string, struct, uuid } from '../message.ts';

export const produceRequest = message(
  'ProduceRequest',
  { key: 0, versions: [3, 13], flexible: 9 },
  {
    transactionalId: string({ nullable: 3, default: null }),
    acks: int16(),
    timeoutMs: int32(),
    topicData: array({
      name: string({ until: 12 }),
      topicId: uuid({ since: 13 }),
      partitionData: array({
        index: int32(),
        records: records({ nullable: 0 }),
      }),
    }),
  },
);

export const produceResponse = message(
  'ProduceResponse',
  { key: 0, versions: [3, 13], flexible: 9 },
  {
    responses: array({
      name: string({ until: 12 }),
      topicId: uuid({ since: 13 }),
      partitionResponses: array({
        index: int32(),
        errorCode: int16(),
        baseOffset: int64(),
        logAppendTimeMs: int64({ default: -1n }),
        logStartOffset: int64({ since: 5, default: -1n }),
        recordErrors: array(
          {
            batchIndex: int32({ since: 8 }),
            batchIndexErrorMessage: string({ since: 8, nullable: 8, default: null }),
          },
          { since: 8 },
        ),
        errorMessage: string({ since: 8, nullable: 8, default: null }),
        currentLeader: struct(
          {
            leaderId: int32({ since: 10, default: -1 }),
            leaderEpoch: int32({ since: 10, default: -1 }),
          },
          { since: 10, tag: 0 },
        ),
      }),
    }),
    throttleTimeMs: int32(),
    nodeEndpoints: array(
      {
        nodeId: int32({ since: 10 }),
        host: string({ since: 10 }),
        port: int32({ since: 10 }),
        rack: string({ since: 10, nullable: 10, default: null }),
      },
      { since: 10, tag: 0 },
    ),
  },
);
