/** ApiVersions, API key 18. Source: the Kafka protocol guide. */
import { array, bool, int16, int32, int64, message, string } from '../message.ts';

export const apiVersionsRequest = message(
  'ApiVersionsRequest',
  { key: 18, versions: [0, 5], flexible: 3 },
  {
    clientSoftwareName: string({ since: 3 }),
    clientSoftwareVersion: string({ since: 3 }),
    clusterId: string({ since: 5, nullable: 5, default: null }),
    nodeId: int32({ since: 5, default: -1 }),
  },
);

export const apiVersionsResponse = message(
  'ApiVersionsResponse',
  { key: 18, versions: [0, 5], flexible: 3 },
  {
    errorCode: int16(),
    apiKeys: array({
      apiKey: int16(),
      minVersion: int16(),
      maxVersion: int16(),
    }),
    throttleTimeMs: int32({ since: 1 }),
    supportedFeatures: array(
      {
        name: string({ since: 3 }),
        minVersion: int16({ since: 3 }),
        maxVersion: int16({ since: 3 }),
      },
      { since: 3, tag: 0 },
    ),
    finalizedFeaturesEpoch: int64({ since: 3, default: -1n, tag: 1 }),
    finalizedFeatures: array(
      {
        name: string({ since: 3 }),
        maxVersionLevel: int16({ since: 3 }),
        minVersionLevel: int16({ since: 3 }),
      },
      { since: 3, tag: 2 },
    ),
    zkMigrationReady: bool({ since: 3, tag: 3 }),
  },
);
