/**
 * UpdateAccountSettings:
 * https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateAccountSettings.html
 */
import { withCommitment } from '../../../domain/streams/account-settings.ts';
import { isGatewayError } from '../../../domain/errors.ts';
import { accountOutput, viewAccount } from '../resources/account-view.ts';
import { defineAction } from '../action.ts';
import { required, string, structure } from '../../protocol/shape.ts';
import { theAccount } from '../resources/touched.ts';
import { namedStructure } from '../shapes.ts';

/** The number of attempts at a change that loses against concurrent changes. */
const attemptsMax = 10;

export const updateAccountSettings = defineAction({
  name: 'UpdateAccountSettings',
  input: structure({
    MinimumThroughputBillingCommitment: required(
      namedStructure(
        { Status: required(string({ values: ['ENABLED', 'DISABLED'] })) },
        'MinimumThroughputBillingCommitmentInput',
      ),
    ),
  }),
  output: accountOutput,
  errors: ['InvalidArgumentException', 'LimitExceededException', 'ValidationException'],
  deviations: ['Settings are those of the account in every region.'],
  rate: { perSecond: 5, per: 'account' },
  touches: theAccount,
  async handle({ MinimumThroughputBillingCommitment: wanted }, { accounts, account, clock }) {
    for (let attempt = 1; ; attempt += 1) {
      const before = await accounts.get(account);
      const nowMs = clock.nowMs();
      const after = withCommitment(before, wanted.Status, nowMs);
      if (after === before) return viewAccount(before, nowMs);
      try {
        await accounts.replace(account, after);
        return viewAccount(after, nowMs);
      } catch (error) {
        if (!isGatewayError(error, 'conflict') || attempt >= attemptsMax) throw error;
      }
    }
  },
});
