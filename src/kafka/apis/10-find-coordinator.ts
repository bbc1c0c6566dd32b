/**
 * FindCoordinator: the broker of a group, transaction or share state. Source: the Kafka protocol
 * guide; KIP-699 for the batched form from version 4 on. Addresses become those of our ports.
 */
import {
  findCoordinatorRequest as request,
  findCoordinatorResponse as response,
} from '../../wire/messages/10-find-coordinator.ts';
import { defineApi } from '../api.ts';

const batchedSince = 4;

export const findCoordinator = defineApi({
  request,
  response,
  async onResponse(answer, { brokers, version }) {
    if (version >= batchedSince) {
      return { ...answer, coordinators: await brokers.advertiseAll(answer.coordinators) };
    }
    const { nodeId, host, port } = answer;
    return { ...answer, ...(await brokers.advertise({ nodeId, host, port })) };
  },
});
