/**
 * How often a second each action may be called. Source: "Control Plane API Limits" on "Quotas and
 * limits", Kinesis Data Streams developer guide
 * (https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html), and for
 * UpdateShardCount its page of the API reference. Where the API reference says that a rate is of
 * the account and the guide that it is of the stream, the guide is followed. Actions that are not
 * here have no published rate; those on records are limited for each shard (throughput.ts).
 */
import type { ActionName } from '../action-names.ts';

export type ControlRate = { readonly perSecond: number; readonly per: 'account' | 'stream' };

export const controlRates: Readonly<Partial<Record<ActionName, ControlRate>>> = {
  AddTagsToStream: { perSecond: 5, per: 'account' },
  CreateStream: { perSecond: 5, per: 'account' },
  DecreaseStreamRetentionPeriod: { perSecond: 5, per: 'stream' },
  DeleteResourcePolicy: { perSecond: 5, per: 'account' },
  DeleteStream: { perSecond: 5, per: 'account' },
  DeregisterStreamConsumer: { perSecond: 5, per: 'stream' },
  DescribeAccountSettings: { perSecond: 5, per: 'account' },
  DescribeLimits: { perSecond: 1, per: 'account' },
  DescribeStream: { perSecond: 10, per: 'account' },
  DescribeStreamConsumer: { perSecond: 20, per: 'stream' },
  DescribeStreamSummary: { perSecond: 20, per: 'account' },
  DisableEnhancedMonitoring: { perSecond: 5, per: 'stream' },
  EnableEnhancedMonitoring: { perSecond: 5, per: 'stream' },
  GetResourcePolicy: { perSecond: 5, per: 'account' },
  IncreaseStreamRetentionPeriod: { perSecond: 5, per: 'stream' },
  ListShards: { perSecond: 1_000, per: 'stream' },
  ListStreamConsumers: { perSecond: 5, per: 'stream' },
  ListStreams: { perSecond: 5, per: 'account' },
  ListTagsForStream: { perSecond: 5, per: 'stream' },
  MergeShards: { perSecond: 5, per: 'stream' },
  PutResourcePolicy: { perSecond: 5, per: 'account' },
  RegisterStreamConsumer: { perSecond: 5, per: 'stream' },
  RemoveTagsFromStream: { perSecond: 5, per: 'stream' },
  SplitShard: { perSecond: 5, per: 'stream' },
  UpdateAccountSettings: { perSecond: 5, per: 'account' },
  UpdateShardCount: { perSecond: 10, per: 'account' },
  UpdateStreamWarmThroughput: { perSecond: 5, per: 'account' },
};

/** Of actions and streams, or actions of the account. */
export const ratesMax = 100_000;

/** The stream that a valid input names, by whichever member; undefined where by none. */
export function streamNamed(input: unknown): string | undefined {
  const { StreamName, StreamARN, ConsumerARN } = input as Readonly<Record<string, unknown>>;
  if (typeof StreamName === 'string') return StreamName;
  const arn = StreamARN ?? ConsumerARN;
  return typeof arn === 'string' ? /:stream\/([^/]+)/.exec(arn)?.[1] : undefined;
}
