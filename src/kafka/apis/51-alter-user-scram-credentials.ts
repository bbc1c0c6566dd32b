/**
 * AlterUserScramCredentials: SCRAM users of the backing cluster. Relayed as it is. Source: the
 * Kafka protocol guide.
 */
import {
  alterUserScramCredentialsRequest as request,
  alterUserScramCredentialsResponse as response,
} from '../../wire/messages/51-alter-user-scram-credentials.ts';
import { onCluster } from '../access.ts';
import { defineApi } from '../api.ts';

export const alterUserScramCredentials = defineApi({
  request,
  response,
  touches: () => onCluster('Alter'),
});
