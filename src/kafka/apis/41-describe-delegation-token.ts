/**
 * DescribeDelegationToken: Delegation tokens of the backing cluster. Relayed as it is. Source:
 * the Kafka protocol guide.
 */
import {
  describeDelegationTokenRequest as request,
  describeDelegationTokenResponse as response,
} from '../../wire/messages/41-describe-delegation-token.ts';
import { defineApi } from '../api.ts';

export const describeDelegationToken = defineApi({ request, response });
