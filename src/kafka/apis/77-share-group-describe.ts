/**
 * ShareGroupDescribe: Share groups as the coordinator sees them (KIP-932). Relayed as it is.
 * Source: the Kafka protocol guide.
 */
import {
  shareGroupDescribeRequest as request,
  shareGroupDescribeResponse as response,
} from '../../wire/messages/77-share-group-describe.ts';
import { onGroups } from '../access.ts';
import { defineApi } from '../api.ts';

export const shareGroupDescribe = defineApi({
  request,
  response,
  touches: ({ groupIds }) => onGroups('Describe', groupIds),
});
