/** DescribeAcls, API key 29. Source: the Kafka protocol guide. */
import { array, int16, int32, int8, message, string } from '../message.ts';

export const describeAclsRequest = message(
  'DescribeAclsRequest',
  { key: 29, versions: [1, 3], flexible: 2 },
  {
    resourceTypeFilter: int8(),
    resourceNameFilter: string({ nullable: 0 }),
    patternTypeFilter: int8({ default: 3 }),
    principalFilter: string({ nullable: 0 }),
    hostFilter: string({ nullable: 0 }),
    operation: int8(),
    permissionType: int8(),
  },
);

export const describeAclsResponse = message(
  'DescribeAclsResponse',
  { key: 29, versions: [1, 3], flexible: 2 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: 0 }),
    resources: array({
      resourceType: int8(),
      resourceName: string(),
      patternType: int8({ default: 3 }),
      acls: array({
        principal: string(),
        host: string(),
        operation: int8(),
        permissionType: int8(),
      }),
    }),
  },
);
