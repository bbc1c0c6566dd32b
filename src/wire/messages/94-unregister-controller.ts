/** UnregisterController, API key 94. Source: the Kafka protocol guide. */
import { int16, int32, message, string } from '../message.ts';

export const unregisterControllerRequest = message(
  'UnregisterControllerRequest',
  { key: 94, versions: [0, 0], flexible: 0 },
  {
    controllerId: int32(),
  },
);

export const unregisterControllerResponse = message(
  'UnregisterControllerResponse',
  { key: 94, versions: [0, 0], flexible: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: 0 }),
  },
);
