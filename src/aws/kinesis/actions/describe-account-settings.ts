/**
 * DescribeAccountSettings:
 * https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeAccountSettings.html
 */
import { accountOutput, viewAccount } from '../resources/account-view.ts';
import { defineAction } from '../../protocol/action.ts';
import { structure } from '../../protocol/shape.ts';

export const describeAccountSettings = defineAction({
  name: 'DescribeAccountSettings',
  input: structure({}),
  output: accountOutput,
  errors: ['LimitExceededException'],
  async handle(_request, { accounts, account, clock }) {
    return viewAccount(await accounts.get(account), clock.nowMs());
  },
});
