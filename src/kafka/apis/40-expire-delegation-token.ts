/**
 * ExpireDelegationToken: Delegation tokens of the backing cluster. Relayed as it is. Source: the
 * Kafka protocol guide.
 */
import {
  expireDelegationTokenRequest as request,
  expireDelegationTokenResponse as response,
} from '../../wire/messages/40-expire-delegation-token.ts';
import { touchesNothing } from '../access.ts';
import { defineApi } from '../api.ts';

export const expireDelegationToken = defineApi({
  request,
  response,
  // The broker compares the caller with the owner and the renewers of the token.
  touches: touchesNothing,
});
