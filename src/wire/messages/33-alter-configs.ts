/** AlterConfigs, API key 33. Source: the Kafka protocol guide. */
import { array, bool, int16, int32, int8, message, string } from '../message.ts';

export const alterConfigsRequest = message(
  'AlterConfigsRequest',
  { key: 33, versions: [0, 2], flexible: 2 },
  {
    resources: array({
      resourceType: int8(),
      resourceName: string(),
      configs: array({
        name: string(),
        value: string({ nullable: 0 }),
      }),
    }),
    validateOnly: bool(),
  },
);

export const alterConfigsResponse = message(
  'AlterConfigsResponse',
  { key: 33, versions: [0, 2], flexible: 2 },
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
