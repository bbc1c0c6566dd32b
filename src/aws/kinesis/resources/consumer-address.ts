import {
  consumerNamed,
  consumerStatusAt,
  createdAtSecondsOf,
} from '../../../domain/streams/consumers.ts';
import type { Consumer, Stream } from '../../../domain/streams/stream.ts';
import type { KinesisContext } from '../action.ts';
import { invalidArgument, KinesisError } from '../errors.ts';
import {
  assertHere,
  findStream,
  type StreamAddress,
  streamArnOf,
  streamNameIn,
} from './stream-address.ts';

/** The members by which a request names a registered consumer. */
export type ConsumerAddress = StreamAddress & {
  readonly ConsumerName?: string | undefined;
  readonly ConsumerARN?: string | undefined;
};

export type FoundConsumer = { readonly stream: Stream; readonly consumer: Consumer };

/** The members that every response with a consumer has. */
export function viewConsumer(stream: Stream, consumer: Consumer, context: KinesisContext) {
  const streamArn = streamArnOf(stream.name, context);
  return {
    ConsumerName: consumer.name,
    ConsumerARN: `${streamArn}/consumer/${consumer.name}:${createdAtSecondsOf(consumer)}`,
    ConsumerStatus: consumerStatusAt(consumer, context.clock.nowMs()),
    ConsumerCreationTimestamp: createdAtSecondsOf(consumer) * 1000,
  };
}

/**
 * Finds a consumer by ARN, or by the stream's ARN and the consumer's name. Subscriptions use the
 * cache; an unknown consumer is looked up, since another gateway may have registered it just now.
 * Errors: InvalidArgumentException if the request names none, or two different ones;
 * ResourceNotFoundException.
 */
export async function findConsumer(
  address: ConsumerAddress,
  context: KinesisContext,
  use: 'described' | 'subscribed' = 'described',
): Promise<FoundConsumer> {
  const { stream, name: wanted, createdAtSeconds } = partsIn(address, context);
  const consumerIn = (found: Stream): Consumer | undefined => {
    const consumer = consumerNamed(found, wanted);
    if (consumer === undefined || createdAtSeconds === undefined) return consumer;
    return createdAtSecondsOf(consumer) === createdAtSeconds ? consumer : undefined;
  };
  let found = await findStream(stream, context, use === 'subscribed' ? 'cached' : 'fresh');
  if (consumerIn(found) === undefined && use === 'subscribed') {
    found = await findStream(stream, context, 'fresh');
  }
  const consumer = consumerIn(found);
  if (consumer !== undefined) return { stream: found, consumer };
  const time = use === 'subscribed' ? undefined : createdAtSeconds;
  throw consumerNotFound(wanted, found.name, context, time);
}

/**
 * `STREAM/consumer/NAME:SECONDS`, as in the consumer's ARN; without the creation second if the
 * request names the consumer without it. Errors: as findConsumer, except that the consumer need not
 * exist.
 */
export function consumerNameIn(address: ConsumerAddress, context: KinesisContext): string {
  const { stream, name, createdAtSeconds } = partsIn(address, context);
  const path = `${streamNameIn(stream, context)}/consumer/${name}`;
  return createdAtSeconds === undefined ? path : `${path}:${createdAtSeconds}`;
}

type ConsumerParts = {
  readonly stream: StreamAddress;
  readonly name: string;
  /** Absent if the consumer is named without its ARN. */
  readonly createdAtSeconds?: number;
};

function partsIn(address: ConsumerAddress, context: KinesisContext): ConsumerParts {
  const { ConsumerARN: arn, ConsumerName: name, StreamARN, StreamId } = address;
  if (arn !== undefined) {
    assertHere(arn, context);
    const parts = partsOf(arn);
    if (name !== undefined && name !== parts.name) {
      throw invalidArgument(`ConsumerName ${name} does not match ConsumerARN ${arn}.`);
    }
    return { ...parts, stream: streamOf(parts, address) };
  }
  if (name !== undefined && StreamARN !== undefined) {
    return { name, stream: { StreamARN, StreamId } };
  }
  throw invalidArgument(
    'Either ConsumerARN or both StreamARN and ConsumerName should be provided.',
  );
}

/** AWS includes the creation time of the ARN, except for SubscribeToShard. */
export function consumerNotFound(
  name: string,
  stream: string,
  { account }: Pick<KinesisContext, 'account'>,
  createdAtSeconds?: number,
): KinesisError {
  const time = createdAtSeconds === undefined ? '' : ` with creation timestamp ${createdAtSeconds}`;
  return new KinesisError(
    'ResourceNotFoundException',
    `Consumer ${name}${time} under stream: ${stream}, account ${account} not found.`,
  );
}

/**
 * AWS uses different sentences for subscriptions and for policies; the latter is quoted in
 * aws-cloudformation/cloudformation-coverage-roadmap#2442. Errors: ResourceInUseException if the
 * consumer is still CREATING.
 */
export function assertConsumerActive(
  { stream, consumer }: FoundConsumer,
  { account, clock }: KinesisContext,
  use: 'subscription' | 'policy' = 'subscription',
): void {
  if (consumerStatusAt(consumer, clock.nowMs()) === 'ACTIVE') return;
  const place =
    use === 'subscription'
      ? `stream: ${stream.name}, account ${account}`
      : `stream ${stream.name} and account ${account}`;
  throw new KinesisError(
    'ResourceInUseException',
    `Consumer ${consumer.name} with creation timestamp ${createdAtSecondsOf(consumer)} ` +
      `under ${place} is not in ACTIVE status.`,
  );
}

type ConsumerArnParts = {
  readonly streamArn: string;
  readonly name: string;
  readonly createdAtSeconds: number;
};

function partsOf(arn: string): ConsumerArnParts {
  const match = /^(.*:stream\/[^/]+)\/consumer\/([^/:]+):(\d+)$/u.exec(arn);
  if (match?.[1] === undefined || match[2] === undefined) {
    throw invalidArgument(`Invalid ConsumerARN: ${arn}`);
  }
  return { streamArn: match[1], name: match[2], createdAtSeconds: Number(match[3]) };
}

/** The consumer's stream; a StreamARN beside it must name the same one. */
function streamOf({ streamArn }: ConsumerArnParts, { StreamARN: other }: ConsumerAddress) {
  if (other !== undefined && other !== streamArn) {
    throw invalidArgument(`StreamARN ${other} does not match the stream of ConsumerARN.`);
  }
  return { StreamARN: streamArn };
}
