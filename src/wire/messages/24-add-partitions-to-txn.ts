/** AddPartitionsToTxn, API key 24. Source: the Kafka protocol guide. */
import { array, arrayOf, bool, int16, int32, int64, message, string } from '../message.ts';

const addPartitionsToTxnTopic = {
  name: string(),
  partitions: arrayOf(int32()),
};

export const addPartitionsToTxnRequest = message(
  'AddPartitionsToTxnRequest',
  { key: 24, versions: [0, 5], flexible: 3 },
  {
    transactions: array(
      {
        transactionalId: string({ since: 4 }),
        producerId: int64({ since: 4 }),
        producerEpoch: int16({ since: 4 }),
        verifyOnly: bool({ since: 4 }),
        topics: array(addPartitionsToTxnTopic, { since: 4 }),
      },
      { since: 4 },
    ),
    v3AndBelowTransactionalId: string({ until: 3 }),
    v3AndBelowProducerId: int64({ until: 3 }),
    v3AndBelowProducerEpoch: int16({ until: 3 }),
    v3AndBelowTopics: array(addPartitionsToTxnTopic, { until: 3 }),
  },
);

const addPartitionsToTxnPartitionResult = {
  partitionIndex: int32(),
  partitionErrorCode: int16(),
};

const addPartitionsToTxnTopicResult = {
  name: string(),
  resultsByPartition: array(addPartitionsToTxnPartitionResult),
};

export const addPartitionsToTxnResponse = message(
  'AddPartitionsToTxnResponse',
  { key: 24, versions: [0, 5], flexible: 3 },
  {
    throttleTimeMs: int32(),
    errorCode: int16({ since: 4 }),
    resultsByTransaction: array(
      {
        transactionalId: string({ since: 4 }),
        topicResults: array(addPartitionsToTxnTopicResult, { since: 4 }),
      },
      { since: 4 },
    ),
    resultsByTopicV3AndBelow: array(addPartitionsToTxnTopicResult, { until: 3 }),
  },
);
