/**
 * DescribeAccountSettings:
 * https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeAccountSettings.html
 */
import { accountOutput, viewAccount } from '../resources/account-view.ts';
import { defineAction } from '../action.ts';
import { structure } from '../../protocol/shape.ts';
import { theAccount } from '../resources/touched.ts';

export const describeAccountSettings = defineAction({
  name: 'DescribeAccountSettings',
  input: structure({}),
  output: accountOutput,
  errors: ['LimitExceededException'],
  rate: { perSecond: 5, per: 'account' },
  touches: theAccount,
  async handle(_request, { accounts, account, clock }) {
    return viewAccount(await accounts.get(account), clock.nowMs());
  },
});
