/**
 * CreateDelegationToken: Delegation tokens of the backing cluster. Relayed as it is. Source: the
 * Kafka protocol guide.
 */
import {
  createDelegationTokenRequest as request,
  createDelegationTokenResponse as response,
} from '../../wire/messages/38-create-delegation-token.ts';
import { onUser } from '../access.ts';
import { defineApi } from '../api.ts';

export const createDelegationToken = defineApi({
  request,
  response,
  touches: ({ ownerPrincipalType, ownerPrincipalName }) =>
    // Every authenticated principal may create tokens for itself.
    ownerPrincipalName ? onUser('CreateTokens', ownerPrincipalType ?? '', ownerPrincipalName) : [],
});
