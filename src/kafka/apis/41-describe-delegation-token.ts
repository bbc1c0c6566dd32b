/**
 * DescribeDelegationToken: Delegation tokens of the backing cluster. Relayed as it is. Source:
 * the Kafka protocol guide.
 */
import {
  describeDelegationTokenRequest as request,
  describeDelegationTokenResponse as response,
} from '../../wire/messages/41-describe-delegation-token.ts';
import { onAllTokens, onUser } from '../access.ts';
import { defineApi } from '../api.ts';

export const describeDelegationToken = defineApi({
  request,
  response,
  touches: ({ owners }) =>
    owners === null
      ? onAllTokens('Describe')
      : owners.map(({ principalType, principalName }) =>
          onUser('DescribeTokens', principalType, principalName),
        ),
});
