/**
 * DescribeAccountSettings:
 * https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeAccountSettings.html
 */
import { accountOutput, viewAccount } from '../account-view.ts';
import { defineAction } from '../action.ts';
import { structure } from '../shape.ts';

export const describeAccountSettings = defineAction({
  name: 'DescribeAccountSettings',
  input: structure({}),
  output: accountOutput,
  errors: ['LimitExceededException'],
  async handle(_request, { accounts, account, clock }) {
    return viewAccount(await accounts.get(account), clock.nowMs());
  },
});
