/** CreateAcls: ACLs of the backing cluster. Relayed as it is. Source: the Kafka protocol guide. */
import {
  createAclsRequest as request,
  createAclsResponse as response,
} from '../../wire/messages/30-create-acls.ts';
import { onCluster } from '../access.ts';
import { defineApi } from '../api.ts';

export const createAcls = defineApi({
  request,
  response,
  touches: () => onCluster('Alter'),
});
