/** ListConfigResources, API key 74. Source: the Kafka protocol guide. */
import { array, arrayOf, int16, int32, int8, message, string } from '../message.ts';

export const listConfigResourcesRequest = message(
  'ListConfigResourcesRequest',
  { key: 74, versions: [0, 1], flexible: 0 },
  {
    resourceTypes: arrayOf(int8(), { since: 1 }),
  },
);

export const listConfigResourcesResponse = message(
  'ListConfigResourcesResponse',
  { key: 74, versions: [0, 1], flexible: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    configResources: array({
      resourceName: string(),
      resourceType: int8({ since: 1, default: 16 }),
    }),
  },
);
