/**
 * GetCallerIdentity: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
 * KPL 0.12.12 to 1.0.4 calls it for the account id before its first put, and exits without a
 * response.
 */
import { string, structure } from '../protocol/shape.ts';
import { defineAction } from './action.ts';

export const getCallerIdentity = defineAction({
  name: 'GetCallerIdentity',
  input: structure({}),
  output: structure({ Arn: string(), UserId: string(), Account: string() }),
  errors: [],
  deviations: ['Every caller is the root of the account.'],
  touches: (_input, _context, action) => ({ action, kind: 'all', name: '*' }),
  handle: async (_input, { account }) => ({
    Arn: `arn:aws:iam::${account}:root`,
    UserId: account,
    Account: account,
  }),
});
