/**
 * DescribeQuorum: the controllers and their log positions. Source: KIP-595, KIP-853. The
 * controllers' own addresses are not replaced: clients do not connect to controllers through the
 * gateway.
 */
import {
  describeQuorumRequest as request,
  describeQuorumResponse as response,
} from '../../wire/messages/55-describe-quorum.ts';
import { onCluster } from '../access.ts';
import { defineApi } from '../api.ts';

export const describeQuorum = defineApi({
  request,
  response,
  deviations: ['Listeners of controllers are those of the backing cluster.'],
  touches: () => onCluster('Describe'),
});
