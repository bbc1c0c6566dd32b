/**
 * DescribeCluster: the cluster's id and nodes. Source: KIP-700, KIP-919. The brokers' addresses are
 * replaced by those of the gateway's ports.
 */
import {
  describeClusterRequest as request,
  describeClusterResponse as response,
} from '../../wire/messages/60-describe-cluster.ts';
import { onCluster } from '../access.ts';
import { defineApi } from '../api.ts';

const brokerEndpoints = 1;

export const describeCluster = defineApi({
  request,
  response,
  touches: () => onCluster('Describe'),
  async onResponse(answer, { brokers }) {
    if (answer.endpointType !== brokerEndpoints) return undefined;
    const nodes = answer.brokers.map(({ brokerId, ...rest }) => ({ ...rest, nodeId: brokerId }));
    const advertised = await brokers.advertiseAll(nodes);
    const renamed = advertised.map(({ nodeId, ...rest }) => ({ ...rest, brokerId: nodeId }));
    return { ...answer, brokers: renamed };
  },
});
