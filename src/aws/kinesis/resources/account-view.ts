/** Account settings as DescribeAccountSettings and UpdateAccountSettings return them. */
import {
  type AccountSettings,
  commitmentMsMin,
  commitmentStatusAt,
} from '../../../domain/streams/account-settings.ts';
import { required, string, structure, timestamp } from '../../protocol/shape.ts';

export const accountOutput = structure({
  MinimumThroughputBillingCommitment: structure({
    Status: required(
      string({ values: ['ENABLED', 'DISABLED', 'ENABLED_UNTIL_EARLIEST_ALLOWED_END'] }),
    ),
    StartedAt: timestamp(),
    EndedAt: timestamp(),
    EarliestAllowedEndAt: timestamp(),
  }),
});

export function viewAccount(settings: AccountSettings, nowMs: number) {
  const { commitment } = settings;
  const status = commitmentStatusAt(settings, nowMs);
  return {
    MinimumThroughputBillingCommitment: {
      Status: status,
      StartedAt: commitment?.startedAtMs,
      EndedAt: status === 'DISABLED' ? commitment?.endedAtMs : undefined,
      EarliestAllowedEndAt:
        commitment === undefined || status === 'DISABLED'
          ? undefined
          : commitment.startedAtMs + commitmentMsMin,
    },
  };
}
