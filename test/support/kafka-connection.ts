/** Connections that speak Kafka's protocol frame by frame, through the gateway's own codec. */
import type { TestContext } from 'node:test';
import { Connection } from '../../adapters/kafka/connection.ts';
import { connectBy } from '../../adapters/kafka/transport.ts';
import {
  findCoordinatorRequest,
  findCoordinatorResponse,
} from '../../src/wire/messages/10-find-coordinator.ts';
import {
  initProducerIdRequest,
  initProducerIdResponse,
} from '../../src/wire/messages/22-init-producer-id.ts';
import type { ValueOf } from '../../src/wire/message.ts';
import { untilTrue } from './until.ts';

const coordinatorApi = { request: findCoordinatorRequest, response: findCoordinatorResponse };
const initApi = { request: initProducerIdRequest, response: initProducerIdResponse };
const transactionKeyType = 1;

/** To `host:port`; closed after `t`. */
export async function connectTo(t: TestContext, address: string): Promise<Connection> {
  const [host = '', port] = address.split(':');
  const settings = { connect: connectBy(undefined), clientId: 'a-client' };
  const connection = await Connection.open({ host, port: Number(port) }, settings);
  t.after(() => connection.close());
  return connection;
}

/** A new cluster has no coordinators and no producer ids at first, and says so. */
export async function initProducer(
  connection: Connection,
  transactionalId: string | null = null,
): Promise<ValueOf<typeof initProducerIdResponse>> {
  const init = { transactionalId, transactionTimeoutMs: 60_000 };
  let answer: ValueOf<typeof initProducerIdResponse> | undefined;
  await untilTrue('a producer id', async () => {
    if (transactionalId !== null) {
      const key = { key: transactionalId, coordinatorKeys: [transactionalId] };
      await connection.request(coordinatorApi, { ...key, keyType: transactionKeyType });
    }
    answer = await connection.request(initApi, init);
    return answer.errorCode === 0;
  });
  return answer!;
}
