import type { Stream } from '../../../domain/streams/stream.ts';
import { isGatewayError } from '../../../domain/errors.ts';
import type { KinesisContext } from '../../protocol/action.ts';
import { invalidArgument, streamNotFound } from '../../protocol/errors.ts';

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
 * The name of the stream that the request means. The region of an ARN is not compared: one
 * gateway serves every region that its clients sign for.
 * Errors: InvalidArgumentException where the request names none, or two different ones;
 * ResourceNotFoundException where the ARN is of another account.
 */
export function streamNameIn(address: StreamAddress, context: Place): string {
  const { StreamName: name, StreamARN: arn } = address;
  if (arn === undefined) {
    if (name !== undefined) return name;
    if (address.StreamId !== undefined) throw unknownStreamId(address.StreamId, context.account);
    throw invalidArgument('Either StreamName or StreamARN should be provided.');
  }
  const { account, resource } = partsOf(arn);
  if (name !== undefined && name !== resource) {
    throw invalidArgument(`StreamName ${name} does not match StreamARN ${arn}.`);
  }
  if (account !== context.account) throw streamNotFound(resource, account);
  return resource;
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

function partsOf(arn: string): { account: string; resource: string } {
  const match = /^arn:aws[^:]*:kinesis:[^:]*:(\d{12}):stream\/(\S+)$/u.exec(arn);
  if (match?.[1] === undefined || match[2] === undefined) {
    throw invalidArgument(`Invalid StreamARN: ${arn}`);
  }
  return { account: match[1], resource: match[2] };
}

/** AWS gives ids to streams of some accounts; the gateway gives none, so that none exists. */
function unknownStreamId(id: string, account: string): Error {
  return streamNotFound(id, account);
}
