/** Metadata, API key 3. Source: the Kafka protocol guide. */
import {
  array,
  arrayOf,
  bool,
  type Field,
  int16,
  int32,
  message,
  string,
  unreadArray,
  uuid,
} from '../message.ts';

export const metadataRequest = message(
  'MetadataRequest',
  { key: 3, versions: [0, 13], flexible: 9 },
  {
    topics: array(
      {
        topicId: uuid({ since: 10 }),
        name: string({ nullable: 10 }),
      },
      { nullable: 1 },
    ),
    allowAutoTopicCreation: bool({ since: 4, default: true }),
    includeClusterAuthorizedOperations: bool({ since: 8, until: 10 }),
    includeTopicAuthorizedOperations: bool({ since: 8 }),
  },
);

const partition = {
  errorCode: int16(),
  partitionIndex: int32(),
  leaderId: int32(),
  leaderEpoch: int32({ since: 7, default: -1 }),
  replicaNodes: arrayOf(int32()),
  isrNodes: arrayOf(int32()),
  offlineReplicas: arrayOf(int32(), { since: 5 }),
};

/** The same bytes; partitions, which may be many, are read or passed over. */
function responseWith<P extends Field<unknown, unknown>>(partitions: P) {
  return message(
    'MetadataResponse',
    { key: 3, versions: [0, 13], flexible: 9 },
    {
      throttleTimeMs: int32({ since: 3 }),
      brokers: array({
        nodeId: int32(),
        host: string(),
        port: int32(),
        rack: string({ since: 1, nullable: 1, default: null }),
      }),
      clusterId: string({ since: 2, nullable: 2, default: null }),
      controllerId: int32({ since: 1, default: -1 }),
      topics: array({
        errorCode: int16(),
        name: string({ nullable: 12 }),
        topicId: uuid({ since: 10 }),
        isInternal: bool({ since: 1 }),
        partitions,
        topicAuthorizedOperations: int32({ since: 8, default: -2147483648 }),
      }),
      clusterAuthorizedOperations: int32({ since: 8, until: 10, default: -2147483648 }),
      errorCode: int16({ since: 13 }),
    },
  );
}

export const metadataResponse = responseWith(array(partition));
export const passingMetadataResponse = responseWith(unreadArray(partition));
