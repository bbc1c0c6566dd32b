/** DeleteAcls, API key 31. Source: the Kafka protocol guide. */
import { array, int16, int32, int8, message, string } from '../message.ts';

export const deleteAclsRequest = message(
  'DeleteAclsRequest',
  { key: 31, versions: [1, 3], flexible: 2 },
  {
    filters: array({
      resourceTypeFilter: int8(),
      resourceNameFilter: string({ nullable: 0 }),
      patternTypeFilter: int8({ default: 3 }),
      principalFilter: string({ nullable: 0 }),
      hostFilter: string({ nullable: 0 }),
      operation: int8(),
      permissionType: int8(),
    }),
  },
);

export const deleteAclsResponse = message(
  'DeleteAclsResponse',
  { key: 31, versions: [1, 3], flexible: 2 },
  {
    throttleTimeMs: int32(),
    filterResults: array({
      errorCode: int16(),
      errorMessage: string({ nullable: 0 }),
      matchingAcls: array({
        errorCode: int16(),
        errorMessage: string({ nullable: 0 }),
        resourceType: int8(),
        resourceName: string(),
        patternType: int8({ default: 3 }),
        principal: string(),
        host: string(),
        operation: int8(),
        permissionType: int8(),
      }),
    }),
  },
);
