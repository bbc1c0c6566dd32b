/**
 * DescribeLimits: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeLimits.html
 */
import { accountUsage, onDemandStreamsMax, shardsPerAccountMax } from '../limits/account-limits.ts';
import { defineAction } from '../action.ts';
import { integer, required, structure } from '../../protocol/shape.ts';
import { theAccount } from '../resources/touched.ts';

const count = integer({ min: 0, max: 1_000_000 });

export const describeLimits = defineAction({
  name: 'DescribeLimits',
  input: structure({}),
  output: structure({
    ShardLimit: required(count),
    OpenShardCount: required(count),
    OnDemandStreamCount: required(count),
    OnDemandStreamCountLimit: required(count),
  }),
  errors: ['LimitExceededException'],
  deviations: ['Topics that were not created through Kinesis are not counted.'],
  rate: { perSecond: 1, per: 'account' },
  touches: theAccount,
  async handle(_request, context) {
    const { openShards, onDemandStreams } = await accountUsage(context);
    return {
      ShardLimit: shardsPerAccountMax,
      OpenShardCount: openShards,
      OnDemandStreamCount: onDemandStreams,
      OnDemandStreamCountLimit: onDemandStreamsMax,
    };
  },
});
