import type { Stream } from '../../../domain/streams/stream.ts';
import { isGatewayError } from '../../../domain/errors.ts';
import type { KinesisContext } from '../action.ts';
import { invalidArgument, KinesisError, streamNotFound } from '../errors.ts';

/** The members by which a request names its stream. */
export type StreamAddress = {
  readonly StreamName?: string | undefined;
  readonly StreamARN?: string | undefined;
  readonly StreamId?: string | undefined;
};

export type Place = Pick<KinesisContext, 'account' | 'region'>;

export function streamArnOf(name: string, { account, region }: Place): string {
  return `${arnPrefix(region)}:${account}:stream/${name}`;
}

/** China and GovCloud are separate AWS partitions. */
export function arnPrefix(region: string): string {
  const partition = region.startsWith('cn-')
    ? 'aws-cn'
    : region.startsWith('us-gov-')
      ? 'aws-us-gov'
      : 'aws';
  return `arn:${partition}:kinesis:${region}`;
}

/**
 * The name of the stream that the request means. Errors: InvalidArgumentException if the request
 * names none, or two different ones; as assertHere.
 */
export function streamNameIn(address: StreamAddress, context: Place): string {
  const { StreamName: name, StreamARN: arn } = address;
  if (arn === undefined) {
    if (name !== undefined) return name;
    if (address.StreamId !== undefined) throw unknownStreamId(address.StreamId, context.account);
    throw invalidArgument("Stream arn and stream name can't be empty at the same time");
  }
  assertHere(arn, context);
  const inferred = nameInArn(arn);
  if (name !== undefined && name !== inferred) {
    throw invalidArgument(
      `Input stream name ${name} doesn't match the inferred name in stream arn ${inferred}`,
    );
  }
  return inferred;
}

/**
 * One gateway serves every region that its clients sign for; as on AWS, a request can only access
 * resources of its own region. Errors: InvalidArgumentException if the ARN belongs to another
 * region; UnrecognizedClientException if it belongs to another account.
 */
export function assertHere(arn: string, here: Place): void {
  const [, , , region, account] = arn.split(':');
  if (region !== here.region) {
    throw invalidArgument(
      `The region specified in the ARN '${arn}' does not match the endpoint region`,
    );
  }
  if (account === here.account) return;
  throw new KinesisError(
    'UnrecognizedClientException',
    'No account found for the given parameters',
  );
}

/**
 * `cached`: at most a second old; `now`: the current state in the catalog; `fresh`: also with the
 * current settings of its log, which costs most. Errors: as streamNameIn; ResourceNotFoundException
 * if there is no such stream.
 */
export async function findStream(
  address: StreamAddress,
  context: KinesisContext,
  freshness: 'cached' | 'now' | 'fresh' = 'cached',
): Promise<Stream> {
  const name = streamNameIn(address, context);
  const { streams } = context;
  return namingTheStream(name, context, () => {
    if (freshness === 'cached') return streams.find(name);
    return freshness === 'now' ? streams.findNow(name) : streams.findFresh(name);
  });
}

/** Runs work on one stream, and converts "not found" errors to AWS's words. */
export async function namingTheStream<T>(
  name: string,
  context: KinesisContext,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw ofStream(error, name, context);
  }
}

/** The error of work on one stream, in AWS's words if the stream does not exist. */
export function ofStream(error: unknown, name: string, { account }: Place): unknown {
  return isGatewayError(error, 'not-found') ? streamNotFound(name, account) : error;
}

function nameInArn(arn: string): string {
  const name = /^arn:aws[^:]*:kinesis:[^:]*:\d{12}:stream\/(\S+)$/u.exec(arn)?.[1];
  if (name === undefined) throw invalidArgument(`Invalid StreamARN: ${arn}`);
  return name;
}

/** AWS assigns ids to streams of some accounts; the gateway assigns none, so no id exists. */
function unknownStreamId(id: string, account: string): Error {
  return streamNotFound(id, account);
}
