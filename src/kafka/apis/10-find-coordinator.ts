/**
 * FindCoordinator: the broker of a group, transaction or share state. Source: the Kafka protocol
 * guide; KIP-699 for the batched form from version 4 on. Addresses are replaced by those of the
 * gateway's ports.
 */
import {
  findCoordinatorRequest as request,
  findCoordinatorResponse as response,
} from '../../wire/messages/10-find-coordinator.ts';
import type { Access } from '../../access/authorizer.ts';
import type { Decoded } from '../../wire/message.ts';
import { onCluster, onGroups, onTransactionalId } from '../access.ts';
import { type Call, defineApi } from '../api.ts';

const batchedSince = 4;

const groupType = 0;
const transactionType = 1;

export const findCoordinator = defineApi({
  request,
  response,
  touches: touched,
  async onResponse(answer, { brokers, version }) {
    if (version >= batchedSince) {
      return { ...answer, coordinators: await brokers.advertiseAll(answer.coordinators) };
    }
    const { nodeId, host, port } = answer;
    return { ...answer, ...(await brokers.advertise({ nodeId, host, port })) };
  },
});

function touched(
  { key, keyType, coordinatorKeys }: Decoded<(typeof request)['fields']>,
  { version }: Call,
): readonly Access[] {
  const keys = version < batchedSince ? [key] : coordinatorKeys;
  if (keyType === groupType) return onGroups('Describe', keys);
  if (keyType === transactionType) return keys.map((id) => onTransactionalId('Describe', id));
  // Brokers ask for the coordinators of share partitions.
  return [onCluster('ClusterAction')];
}
