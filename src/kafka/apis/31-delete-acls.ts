/** DeleteAcls: ACLs of the backing cluster. Relayed as it is. Source: the Kafka protocol guide. */
import {
  deleteAclsRequest as request,
  deleteAclsResponse as response,
} from '../../wire/messages/31-delete-acls.ts';
import { onCluster } from '../access.ts';
import { defineApi } from '../api.ts';

export const deleteAcls = defineApi({
  request,
  response,
  touches: () => onCluster('Alter'),
});
