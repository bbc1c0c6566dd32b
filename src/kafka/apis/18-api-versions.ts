/**
 * ApiVersions: which versions of which APIs there are. Source: the Kafka protocol guide; KIP-511.
 *
 * Advertises what both the gateway's tables and the cluster have. A request in a version of the
 * future gets error 35 in the layout of version 0, with the versions that there are.
 */
import {
  apiVersionsRequest as request,
  apiVersionsResponse as response,
} from '../../wire/messages/18-api-versions.ts';
import { defineApi, type KafkaApi } from '../api.ts';

const unsupportedVersion = 35;

type Range = { readonly apiKey: number; readonly minVersion: number; readonly maxVersion: number };

export const apiVersions = defineApi({
  request,
  response,
  unknownVersionAnswer: {
    errorCode: unsupportedVersion,
    apiKeys: [
      { apiKey: request.key, minVersion: request.versionMin, maxVersion: request.versionMax },
    ],
  },
  // A broker older than our tables answers so.
  isForeign: (answer, version) => version > 0 && answer.readInt16BE(4) === unsupportedVersion,
  onResponse(answer, { apis }) {
    return { ...answer, apiKeys: advertised(answer.apiKeys, apis) };
  },
});

/** What both sides have, in the order of the cluster. */
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
