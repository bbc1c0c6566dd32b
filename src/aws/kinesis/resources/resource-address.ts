/** ResourceARN: the ARN of a stream or of one of its registered consumers. */
import { consumerNamed, createdAtSecondsOf } from '../../../domain/streams/consumers.ts';
import type { Consumer, Stream } from '../../../domain/streams/stream.ts';
import type { KinesisContext } from '../action.ts';
import { consumerNotFound } from './consumer-address.ts';
import { invalidArgument, KinesisError } from '../errors.ts';
import { assertHere, findStream, namingTheStream, streamNameIn } from './stream-address.ts';

export type ResourceName = {
  readonly streamName: string;
  /** Absent if the ARN is the stream's own. */
  readonly consumer?: { readonly name: string; readonly createdAtSeconds: number };
};

const consumerPart = /^(.*:stream\/[^/]+)\/consumer\/([a-zA-Z0-9_.-]+):(\d+)$/u;
const queuePart = /:(?:queue|channel)\/\S+$/u;

/**
 * Errors: InvalidArgumentException for an ARN of neither; ResourceNotFoundException for kinds of
 * resources that the gateway does not have; as assertHere.
 */
export function resourceIn(arn: string, context: KinesisContext): ResourceName {
  assertHere(arn, context);
  const match = consumerPart.exec(arn);
  if (match === null) {
    if (queuePart.test(arn)) throw resourceNotFound(arn);
    if (arn.includes('/consumer/')) throw invalidArgument(`Invalid ResourceARN: ${arn}`);
    return { streamName: streamNameIn({ StreamARN: arn }, context) };
  }
  const [, streamArn = '', name = '', seconds] = match;
  return {
    streamName: streamNameIn({ StreamARN: streamArn }, context),
    consumer: { name, createdAtSeconds: Number(seconds) },
  };
}

/** Errors: ResourceNotFoundException if the stream does not have such a consumer (any more). */
export function consumerIn(
  stream: Stream,
  { consumer: wanted }: ResourceName,
  context: KinesisContext,
): Consumer | undefined {
  if (wanted === undefined) return undefined;
  const consumer = consumerNamed(stream, wanted.name);
  if (consumer === undefined || createdAtSecondsOf(consumer) !== wanted.createdAtSeconds) {
    throw consumerNotFound(wanted.name, stream.name, context, wanted.createdAtSeconds);
  }
  return consumer;
}

export type FoundResource = { readonly stream: Stream; readonly consumer: Consumer | undefined };

/** Errors: as resourceIn and consumerIn; ResourceNotFoundException. */
export async function findResource(arn: string, context: KinesisContext): Promise<FoundResource> {
  const resource = resourceIn(arn, context);
  const stream = await findStream({ StreamName: resource.streamName }, context, 'fresh');
  return { stream, consumer: consumerIn(stream, resource, context) };
}

/** Changes the stream that is, or contains, the resource. Errors: as findResource. */
export async function changeResource(
  arn: string,
  context: KinesisContext,
  transition: (found: FoundResource) => Stream,
): Promise<void> {
  const resource = resourceIn(arn, context);
  const { streamName } = resource;
  await namingTheStream(streamName, context, () =>
    context.streams.change(streamName, (stream) =>
      transition({ stream, consumer: consumerIn(stream, resource, context) }),
    ),
  );
}

function resourceNotFound(arn: string): KinesisError {
  return new KinesisError('ResourceNotFoundException', `Resource ${arn} not found.`);
}
