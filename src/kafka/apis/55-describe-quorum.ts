/**
 * DescribeQuorum: the controllers and how far they are. Source: KIP-595, KIP-853.
 * The controllers' own addresses are shown as they are: no client connects to a controller by the
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
