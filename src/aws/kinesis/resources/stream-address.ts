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

type Place = Pick<KinesisContext, 'account' | 'region'>;

export function streamArnOf(name: string, { account, region }: Place): string {
  return `${arnPrefix(region)}:${account}:stream/${name}`;
}

/** China and GovCloud have partitions of their own. */
function arnPrefix(region: string): string {
  const partition = region.startsWith('cn-')
    ? 'aws-cn'
    : region.startsWith('us-gov-')
      ? 'aws-us-gov'
      : 'aws';
  return `arn:${partition}:kinesis:${region}`;
}

/**
 * The name of the stream that the request means.
 * Errors: InvalidArgumentException where the request names none, or two different ones; as
 * assertHere.
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
 * One gateway serves every region that its clients sign for; each request, as on AWS, only the
 * resources of its own. Errors: InvalidArgumentException where the ARN is of another region;
 * UnrecognizedClientException where it is of another account.
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
 * `cached`: as it was a second ago at most; `now`: as it is in the catalog; `fresh`: with its log's
 * settings, too, which costs most. Errors: as streamNameIn; ResourceNotFoundException where there
 * is no such stream.
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

/** Runs work on one stream, and says "not found" in AWS's words where the stream is not there. */
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

/** The error of work on one stream, in AWS's words where the stream is not there. */
export function ofStream(error: unknown, name: string, { account }: Place): unknown {
  return isGatewayError(error, 'not-found') ? streamNotFound(name, account) : error;
}

function nameInArn(arn: string): string {
  const name = /^arn:aws[^:]*:kinesis:[^:]*:\d{12}:stream\/(\S+)$/u.exec(arn)?.[1];
  if (name === undefined) throw invalidArgument(`Invalid StreamARN: ${arn}`);
  return name;
}

/** AWS gives ids to streams of some accounts; the gateway gives none, so that none exists. */
function unknownStreamId(id: string, account: string): Error {
  return streamNotFound(id, account);
}
