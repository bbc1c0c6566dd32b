/**
 * WriteTxnMarkers: Java's Admin uses it to abort a hanging transaction (KIP-664, abortTransaction).
 * Relayed as it is; the cluster asks for the right to alter it. Source: the Kafka protocol guide.
 */
import {
  writeTxnMarkersRequest as request,
  writeTxnMarkersResponse as response,
} from '../../wire/messages/27-write-txn-markers.ts';
import { onCluster } from '../access.ts';
import { defineApi } from '../api.ts';

export const writeTxnMarkers = defineApi({
  request,
  response,
  touches: () => onCluster('ClusterAction'),
});
