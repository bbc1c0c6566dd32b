/**
 * ApiVersions: the supported APIs and their versions. Source: the Kafka protocol guide; KIP-511,
 * KIP-1242.
 *
 * Advertises what both the gateway's tables and the cluster have. A request in an unknown later
 * version gets error 35 in the layout of version 0, with the supported versions.
 *
 * From version 5 on, a client names the cluster and node that it wants, and another broker answers
 * REBOOTSTRAP_REQUIRED, upon which the client drops its connections to all brokers (KIP-1242).
 * While another broker stands in for the node of this port, it is asked with its own id, so that
 * only the cluster is compared.
 */
import {
  apiVersionsRequest as request,
  apiVersionsResponse as response,
} from '../../wire/messages/18-api-versions.ts';
import { touchesNothing } from '../access.ts';
import { defineApi, type KafkaApi } from '../api.ts';
import { errorCodes } from '../../wire/errors.ts';

/**
 * The position of the error code in a response, after its length and correlation id, in every
 * version.
 */
const errorCodeAt = 8;

type Range = { readonly apiKey: number; readonly minVersion: number; readonly maxVersion: number };

export const apiVersions = defineApi({
  request,
  response,
  deviations: [
    'The NodeId that a client wants is compared with that of the port, also while another broker ' +
      'stands in for it.',
  ],
  touches: touchesNothing,
  onUnknownVersion: () => ({
    version: 0,
    answer: {
      errorCode: errorCodes.UNSUPPORTED_VERSION,
      apiKeys: [
        { apiKey: request.key, minVersion: request.versionMin, maxVersion: request.versionMax },
      ],
    },
  }),
  // A broker that is older than the gateway's tables responds in the layout of version 0.
  passes: (buffer, start, version) =>
    version > 0 &&
    buffer.length >= start + errorCodeAt + 2 &&
    buffer.readInt16BE(start + errorCodeAt) === errorCodes.UNSUPPORTED_VERSION,
  onRequest(asked, { connection }) {
    const { standsInFor, servedBy } = connection;
    const isStandIn = standsInFor !== undefined && servedBy !== undefined;
    if (!isStandIn || asked.nodeId !== standsInFor) return 'relay';
    return { relay: { ...asked, nodeId: servedBy } };
  },
  onResponse(answer, { apis }) {
    return { ...answer, apiKeys: advertised(answer.apiKeys, apis) };
  },
});

/** The APIs that both sides have, in the cluster's order. */
export function advertised(
  ofCluster: readonly Range[],
  apis: ReadonlyMap<number, KafkaApi>,
): Range[] {
  return ofCluster.flatMap(({ apiKey, minVersion, maxVersion }) => {
    const api = apis.get(apiKey);
    if (api === undefined) return [];
    const ours = api.request;
    const min = Math.max(minVersion, api.advertisedMin ?? ours.versionMin);
    const max = Math.min(maxVersion, ours.versionMax, ours.unstableSince - 1);
    return min <= max ? [{ apiKey, minVersion: min, maxVersion: max }] : [];
  });
}
