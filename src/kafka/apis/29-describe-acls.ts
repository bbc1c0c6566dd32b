/**
 * DescribeAcls: ACLs of the backing cluster. Relayed as it is. Source: the Kafka protocol guide.
 */
import {
  describeAclsRequest as request,
  describeAclsResponse as response,
} from '../../wire/messages/29-describe-acls.ts';
import { onCluster } from '../access.ts';
import { defineApi } from '../api.ts';

export const describeAcls = defineApi({
  request,
  response,
  touches: () => onCluster('Describe'),
});
