/**
 * The account's quotas and their usage. Source: "Quotas and limits", Kinesis Data Streams developer
 * guide. Only streams created by CreateStream count: topics that were not created through Kinesis
 * are not subject to Kinesis' quotas.
 */
import { changingQueuesMax } from '../../../domain/queues/queue.ts';
import { commitmentStatusAt } from '../../../domain/streams/account-settings.ts';
import { consumersAdvantageMax, consumersMax } from '../../../domain/streams/consumers.ts';
import { openShardCount } from '../../../domain/streams/stream-rules.ts';
import type { Stream, StreamMode, StreamSummary } from '../../../domain/streams/stream.ts';
import { isGatewayError } from '../../../domain/errors.ts';
import type { ChangeLimit } from '../../../queues/lifecycle.ts';
import type { KinesisContext } from '../action.ts';
import { KinesisError } from '../errors.ts';

/** The default of the largest regions. */
export const shardsPerAccountMax = 20_000;
export const onDemandStreamsMax = 50;
/** The most shards of one stream, which are partitions of one topic. */
export const shardsPerStreamMax = 10_000;

/** The most splits or merges at the same time; not enforced if rates are not. */
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

/** Only rows of earlier versions do not contain it. */
async function openShardsOf(
  { name, openShardCount: known }: StreamSummary,
  { streams }: KinesisContext,
): Promise<number> {
  if (known !== undefined) return known;
  try {
    return openShardCount(await streams.find(name));
  } catch (error) {
    // It was deleted after it was listed, or cannot be read: no reason to refuse the request.
    if (isGatewayError(error)) return 0;
    throw error;
  }
}

/** Errors: LimitExceededException if the account may not have another such stream. */
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

/** Errors: LimitExceededException if the account may not have that many more shards. */
export async function assertMoreShards(added: number, context: KinesisContext): Promise<void> {
  assertShards(added, await accountUsage(context), context);
}

function assertShards(added: number, { openShards }: AccountUsage, context: KinesisContext): void {
  if (added > shardsPerStreamMax) throw tooManyShards(added, 0, shardsPerStreamMax, context);
  if (openShards + added <= shardsPerAccountMax) return;
  throw tooManyShards(added, openShards, shardsPerAccountMax, context);
}

/** Errors: LimitExceededException if the account has the maximum number of on-demand streams. */
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

/**
 * How many registered consumers and queues a stream may have together. Account settings are only
 * read if they matter: for an on-demand stream.
 */
export async function registeredMaxOf(
  { mode }: Pick<Stream, 'mode'>,
  { accounts, account, clock }: KinesisContext,
): Promise<number> {
  if (mode !== 'ON_DEMAND') return consumersMax;
  const status = commitmentStatusAt(await accounts.get(account), clock.nowMs());
  return status === 'DISABLED' ? consumersMax : consumersAdvantageMax;
}

/** The most queues that are CREATING or DELETING at once; not enforced if rates are not. */
export function changingQueuesMaxOf({ limits }: KinesisContext): ChangeLimit {
  return { changingMax: limits.calls === undefined ? undefined : changingQueuesMax };
}
