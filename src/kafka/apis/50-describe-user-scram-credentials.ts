/**
 * DescribeUserScramCredentials: SCRAM users of the backing cluster. Relayed as it is. Source: the
 * Kafka protocol guide.
 */
import {
  describeUserScramCredentialsRequest as request,
  describeUserScramCredentialsResponse as response,
} from '../../wire/messages/50-describe-user-scram-credentials.ts';
import { onCluster } from '../access.ts';
import { defineApi } from '../api.ts';

export const describeUserScramCredentials = defineApi({
  request,
  response,
  touches: () => onCluster('Describe'),
});
