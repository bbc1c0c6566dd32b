/** UnregisterBroker, API key 64. Source: the Kafka protocol guide. */
import { int16, int32, message, string } from '../message.ts';

export const unregisterBrokerRequest = message(
  'UnregisterBrokerRequest',
  { key: 64, versions: [0, 0], flexible: 0 },
  {
    brokerId: int32(),
  },
);

export const unregisterBrokerResponse = message(
  'UnregisterBrokerResponse',
  { key: 64, versions: [0, 0], flexible: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: 0 }),
  },
);
