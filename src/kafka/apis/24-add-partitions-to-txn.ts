/** AddPartitionsToTxn: Transactions. Relayed as it is. Source: the Kafka protocol guide. */
import {
  addPartitionsToTxnRequest as request,
  addPartitionsToTxnResponse as response,
} from '../../wire/messages/24-add-partitions-to-txn.ts';
import type { Access } from '../../access/authorizer.ts';
import type { Decoded } from '../../wire/message.ts';
import { onCluster, onTopics, onTransactionalId } from '../access.ts';
import { type Call, defineApi } from '../api.ts';

const brokersSince = 4;

export const addPartitionsToTxn = defineApi({
  request,
  response,
  touches: touched,
});

/** From version 4 on it is a request between brokers. */
function touched(asked: Decoded<(typeof request)['fields']>, call: Call): readonly Access[] {
  if (call.version >= brokersSince) return [onCluster('ClusterAction')];
  return [
    onTransactionalId('Write', asked.v3AndBelowTransactionalId),
    ...onTopics('Write', asked.v3AndBelowTopics, call),
  ];
}
