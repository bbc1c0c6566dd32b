/** AddOffsetsToTxn, API key 25. Source: the Kafka protocol guide. */
import { int16, int32, int64, message, string } from '../message.ts';

export const addOffsetsToTxnRequest = message(
  'AddOffsetsToTxnRequest',
  { key: 25, versions: [0, 4], flexible: 3 },
  {
    transactionalId: string(),
    producerId: int64(),
    producerEpoch: int16(),
    groupId: string(),
  },
);

export const addOffsetsToTxnResponse = message(
  'AddOffsetsToTxnResponse',
  { key: 25, versions: [0, 4], flexible: 3 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
  },
);
