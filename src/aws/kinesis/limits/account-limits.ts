/**
 * What an account may have, and has. Source: "Quotas and limits", Kinesis Data Streams developer
 * guide. Only streams made by CreateStream count: topics that nobody made through Kinesis have no
 * limits of Kinesis.
 */
import { openShardCount } from '../../../domain/streams/stream-rules.ts';
import type { StreamMode, StreamSummary } from '../../../domain/streams/stream.ts';
import { isGatewayError } from '../../../domain/errors.ts';
import type { KinesisContext } from '../action.ts';
import { KinesisError } from '../errors.ts';

/** The default of the largest regions. */
export const shardsPerAccountMax = 20_000;
export const onDemandStreamsMax = 50;
/** Shards of one stream: partitions of one topic. */
export const shardsPerStreamMax = 10_000;

/** At once; a rate, as it were, which is not kept where rates are not. */
export const creatingStreamsMax = 5;

export type AccountUsage = {
  readonly openShards: number;
  readonly onDemandStreams: number;
  readonly creatingStreams: number;
};

export async function accountUsage(context: KinesisContext): Promise<AccountUsage> {
  const known = await context.streams.listKnown();
  const listed = known.filter(({ rules }) => rules === 'kinesis');
  const counts = await Promise.all(listed.map((each) => openShardsOf(each, context)));
  return {
    openShards: counts.reduce((sum, each) => sum + each, 0),
    onDemandStreams: listed.filter(({ mode }) => mode === 'ON_DEMAND').length,
    creatingStreams: listed.filter(({ status }) => status === 'CREATING').length,
  };
}

/** Only rows of an earlier version do not tell by themselves. */
async function openShardsOf(
  { name, openShardCount: known }: StreamSummary,
  { streams }: KinesisContext,
): Promise<number> {
  if (known !== undefined) return known;
  try {
    return openShardCount(await streams.find(name));
  } catch (error) {
    // It was deleted since the listing, or cannot be read: no reason to refuse what is asked.
    if (isGatewayError(error)) return 0;
    throw error;
  }
}

/** Errors: LimitExceededException where the account may not have one more such stream. */
export async function assertMoreStreams(
  mode: StreamMode,
  shardCount: number,
  context: KinesisContext,
): Promise<void> {
  const usage = await accountUsage(context);
  if (mode === 'ON_DEMAND') assertOnDemand(usage, context);
  assertShards(shardCount, usage, context);
  const { limits, account } = context;
  if (limits.calls === undefined || usage.creatingStreams < creatingStreamsMax) return;
  throw new KinesisError(
    'LimitExceededException',
    'This request would have exceed the limit on the number  of streams that can simultaneously ' +
      `be in CREATING or DELETING for the account ${account}. Limit: ${creatingStreamsMax}.`,
  );
}

/** Errors: LimitExceededException where the account may not have so many more shards. */
export async function assertMoreShards(added: number, context: KinesisContext): Promise<void> {
  assertShards(added, await accountUsage(context), context);
}

function assertShards(added: number, { openShards }: AccountUsage, context: KinesisContext): void {
  if (added > shardsPerStreamMax) throw tooManyShards(added, 0, shardsPerStreamMax, context);
  if (openShards + added <= shardsPerAccountMax) return;
  throw tooManyShards(added, openShards, shardsPerAccountMax, context);
}

/** Errors: LimitExceededException where the account has as many on-demand streams as it may. */
export async function assertMoreOnDemand(mode: StreamMode, context: KinesisContext) {
  if (mode === 'ON_DEMAND') assertOnDemand(await accountUsage(context), context);
}

function assertOnDemand({ onDemandStreams }: AccountUsage, context: KinesisContext): void {
  if (onDemandStreams < onDemandStreamsMax) return;
  throw new KinesisError(
    'LimitExceededException',
    'This request would exceed the limit on the number of On-Demand streams for the account ' +
      `${context.account} in ${context.region}. Current On-Demand streams count: ` +
      `${onDemandStreams}. Limit: ${onDemandStreamsMax}.`,
  );
}

function tooManyShards(
  added: number,
  current: number,
  limit: number,
  { account, region }: KinesisContext,
): KinesisError {
  return new KinesisError(
    'LimitExceededException',
    `This request would exceed the shard limit for the account ${account} in ${region}. ` +
      `Current shard count for the account: ${current}. Limit: ${limit}. ` +
      `Number of additional shards that would have resulted from this request: ${added}. ` +
      'Refer to the AWS Service Limits page ' +
      '(http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) for current limits ' +
      'and how to request higher limits.',
  );
}
