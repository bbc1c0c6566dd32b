/** ResourceARN: the ARN of a stream, of one of its registered consumers, or of a queue. */
import type { Queue } from '../../../domain/queues/queue.ts';
import { consumerNamed, createdAtSecondsOf } from '../../../domain/streams/consumers.ts';
import { withPolicy } from '../../../domain/streams/stream-settings.ts';
import type { Consumer, Stream } from '../../../domain/streams/stream.ts';
import type { KinesisContext } from '../action.ts';
import { consumerNotFound } from './consumer-address.ts';
import { invalidArgument, KinesisError } from '../errors.ts';
import { assertQueueStatus, namingTheQueue, queueIdIn } from './queue-address.ts';
import { assertHere, findStream, namingTheStream, streamNameIn } from './stream-address.ts';
import { assertStatus } from './stream-view.ts';

type StreamResource = {
  readonly streamName: string;
  /** Absent if the ARN is the stream's own. */
  readonly consumer?: { readonly name: string; readonly createdAtSeconds: number };
};

export type ResourceName = StreamResource | { readonly queueId: string };

const consumerPart = /^(.*:stream\/[^/]+)\/consumer\/([a-zA-Z0-9_.-]+):(\d+)$/u;
const queuePart = /:queue\/\S+$/u;
const channelPart = /:channel\/\S+$/u;

/**
 * Errors: InvalidArgumentException for an ARN of none of them; ResourceNotFoundException for kinds
 * of resources that the gateway does not have; as assertHere.
 */
export function resourceIn(arn: string, context: KinesisContext): ResourceName {
  assertHere(arn, context);
  const match = consumerPart.exec(arn);
  if (match === null) {
    if (queuePart.test(arn)) return { queueId: queueIdIn(arn, context) };
    if (channelPart.test(arn)) throw resourceNotFound(arn);
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
function consumerIn(
  stream: Stream,
  { consumer: wanted }: StreamResource,
  context: KinesisContext,
): Consumer | undefined {
  if (wanted === undefined) return undefined;
  const consumer = consumerNamed(stream, wanted.name);
  if (consumer === undefined || createdAtSecondsOf(consumer) !== wanted.createdAtSeconds) {
    throw consumerNotFound(wanted.name, stream.name, context, wanted.createdAtSeconds);
  }
  return consumer;
}

export type FoundResource =
  { readonly stream: Stream; readonly consumer: Consumer | undefined } | { readonly queue: Queue };

/** What every resource has. */
export type ResourceContent = {
  readonly tags: Readonly<Record<string, string>>;
  readonly policy?: string | undefined;
};

export function contentOf(found: FoundResource): ResourceContent {
  if ('queue' in found) return found.queue;
  const { stream, consumer } = found;
  return consumer ?? { tags: stream.tags, policy: stream.settings?.policy };
}

/** Errors: as resourceIn and consumerIn; ResourceNotFoundException. */
export async function findResource(arn: string, context: KinesisContext): Promise<FoundResource> {
  const resource = resourceIn(arn, context);
  if ('queueId' in resource) {
    const { queueId } = resource;
    const read = () => context.queues.findFresh(queueId);
    return { queue: await namingTheQueue(queueId, context, read) };
  }
  const stream = await findStream({ StreamName: resource.streamName }, context, 'fresh');
  return { stream, consumer: consumerIn(stream, resource, context) };
}

/**
 * Changes tags and policy of a resource that is ACTIVE or UPDATING. Errors: as findResource;
 * ResourceInUseException.
 */
export async function changeResource(
  arn: string,
  context: KinesisContext,
  transition: (content: ResourceContent, found: FoundResource) => ResourceContent,
): Promise<void> {
  const resource = resourceIn(arn, context);
  if ('queueId' in resource) {
    const { queueId } = resource;
    const change = (queue: Queue): Queue => {
      assertQueueStatus(queue, context, ['ACTIVE', 'UPDATING']);
      return queueWith(queue, transition(queue, { queue }));
    };
    await namingTheQueue(queueId, context, () => context.queues.change(queueId, change));
    return;
  }
  const { streamName } = resource;
  const change = (stream: Stream): Stream => {
    const consumer = consumerIn(stream, resource, context);
    assertStatus(stream, context, ['ACTIVE', 'UPDATING']);
    const found = { stream, consumer };
    return streamWith(stream, consumer, transition(contentOf(found), found));
  };
  await namingTheStream(streamName, context, () => context.streams.change(streamName, change));
}

function queueWith(queue: Queue, { tags, policy }: ResourceContent): Queue {
  const { policy: _former, ...rest } = queue;
  return { ...rest, tags, ...(policy === undefined ? {} : { policy }) };
}

function streamWith(
  stream: Stream,
  consumer: Consumer | undefined,
  { tags, policy }: ResourceContent,
): Stream {
  const tagged = consumer === undefined ? { ...stream, tags } : withTags(stream, consumer, tags);
  const isSame = policy === contentOf({ stream, consumer }).policy;
  return isSame ? tagged : withPolicy(tagged, consumer?.name, policy);
}

function withTags(stream: Stream, consumer: Consumer, tags: Consumer['tags']): Stream {
  const consumers = stream.consumers.map((each) => (each === consumer ? { ...each, tags } : each));
  return { ...stream, consumers };
}

function resourceNotFound(arn: string): KinesisError {
  return new KinesisError('ResourceNotFoundException', `Resource ${arn} not found.`);
}
