/** InitProducerId, API key 22. Source: the Kafka protocol guide. */
import { bool, int16, int32, int64, message, string } from '../message.ts';

export const initProducerIdRequest = message(
  'InitProducerIdRequest',
  { key: 22, versions: [0, 6], flexible: 2, unstable: 6 },
  {
    transactionalId: string({ nullable: 0 }),
    transactionTimeoutMs: int32(),
    producerId: int64({ since: 3, default: -1n }),
    producerEpoch: int16({ since: 3, default: -1 }),
    enable2Pc: bool({ since: 6 }),
    keepPreparedTxn: bool({ since: 6 }),
  },
);

export const initProducerIdResponse = message(
  'InitProducerIdResponse',
  { key: 22, versions: [0, 6], flexible: 2 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    producerId: int64({ default: -1n }),
    producerEpoch: int16(),
    ongoingTxnProducerId: int64({ since: 6, default: -1n }),
    ongoingTxnProducerEpoch: int16({ since: 6, default: -1 }),
  },
);
