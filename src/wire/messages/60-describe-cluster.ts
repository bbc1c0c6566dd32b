/** DescribeCluster, API key 60. Source: the Kafka protocol guide. */
import { array, bool, int16, int32, int8, message, string } from '../message.ts';

export const describeClusterRequest = message(
  'DescribeClusterRequest',
  { key: 60, versions: [0, 2], flexible: 0 },
  {
    includeClusterAuthorizedOperations: bool(),
    endpointType: int8({ since: 1, default: 1 }),
    includeFencedBrokers: bool({ since: 2 }),
  },
);

export const describeClusterResponse = message(
  'DescribeClusterResponse',
  { key: 60, versions: [0, 2], flexible: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: 0, default: null }),
    endpointType: int8({ since: 1, default: 1 }),
    clusterId: string(),
    controllerId: int32({ default: -1 }),
    brokers: array({
      brokerId: int32(),
      host: string(),
      port: int32(),
      rack: string({ nullable: 0, default: null }),
      isFenced: bool({ since: 2 }),
    }),
    clusterAuthorizedOperations: int32({ default: -2147483648 }),
  },
);
