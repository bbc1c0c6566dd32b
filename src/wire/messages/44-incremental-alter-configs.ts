/** IncrementalAlterConfigs, API key 44. Source: the Kafka protocol guide. */
import { array, bool, int16, int32, int8, message, string } from '../message.ts';

export const incrementalAlterConfigsRequest = message(
  'IncrementalAlterConfigsRequest',
  { key: 44, versions: [0, 1], flexible: 1 },
  {
    resources: array({
      resourceType: int8(),
      resourceName: string(),
      configs: array({
        name: string(),
        configOperation: int8(),
        value: string({ nullable: 0 }),
      }),
    }),
    validateOnly: bool(),
  },
);

export const incrementalAlterConfigsResponse = message(
  'IncrementalAlterConfigsResponse',
  { key: 44, versions: [0, 1], flexible: 1 },
  {
    throttleTimeMs: int32(),
    responses: array({
      errorCode: int16(),
      errorMessage: string({ nullable: 0 }),
      resourceType: int8(),
      resourceName: string(),
    }),
  },
);
