/**
 * DescribeLimits: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeLimits.html
 * Counts streams made by CreateStream: topics that nobody made through Kinesis have no limits of
 * Kinesis.
 */
import { openShardCount } from '../../domain/stream-rules.ts';
import type { StreamSummary } from '../../domain/stream.ts';
import { isGatewayError } from '../../errors.ts';
import { onDemandStreamsMax, shardsPerAccountMax } from '../account-limits.ts';
import { defineAction, type KinesisContext } from '../action.ts';
import { integer, required, structure } from '../shape.ts';

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
  deviations: ['Topics that nobody made through Kinesis are not counted.'],
  async handle(_request, context) {
    const listed = (await context.streams.list()).filter(({ rules }) => rules === 'kinesis');
    const counts = await Promise.all(listed.map((each) => openShardsOf(each, context)));
    return {
      ShardLimit: shardsPerAccountMax,
      OpenShardCount: counts.reduce((sum, each) => sum + each, 0),
      OnDemandStreamCount: listed.filter(({ mode }) => mode === 'ON_DEMAND').length,
      OnDemandStreamCountLimit: onDemandStreamsMax,
    };
  },
});

/** Only rows of an earlier version do not tell by themselves. */
async function openShardsOf(
  { name, openShardCount: known }: StreamSummary,
  { streams }: KinesisContext,
): Promise<number> {
  if (known !== undefined) return known;
  try {
    return openShardCount(await streams.find(name));
  } catch (error) {
    // It was deleted since the listing.
    if (isGatewayError(error, 'not-found')) return 0;
    throw error;
  }
}
