/** CreateAcls, API key 30. Source: the Kafka protocol guide. */
import { array, int16, int32, int8, message, string } from '../message.ts';

export const createAclsRequest = message(
  'CreateAclsRequest',
  { key: 30, versions: [1, 3], flexible: 2 },
  {
    creations: array({
      resourceType: int8(),
      resourceName: string(),
      resourcePatternType: int8({ default: 3 }),
      principal: string(),
      host: string(),
      operation: int8(),
      permissionType: int8(),
    }),
  },
);

export const createAclsResponse = message(
  'CreateAclsResponse',
  { key: 30, versions: [1, 3], flexible: 2 },
  {
    throttleTimeMs: int32(),
    results: array({
      errorCode: int16(),
      errorMessage: string({ nullable: 0 }),
    }),
  },
);
