/**
 * RenewDelegationToken: Delegation tokens of the backing cluster. Relayed as it is. Source: the
 * Kafka protocol guide.
 */
import {
  renewDelegationTokenRequest as request,
  renewDelegationTokenResponse as response,
} from '../../wire/messages/39-renew-delegation-token.ts';
import { touchesNothing } from '../access.ts';
import { defineApi } from '../api.ts';

export const renewDelegationToken = defineApi({
  request,
  response,
  // The broker compares the caller with the owner and the renewers of the token.
  touches: touchesNothing,
});
