/**
 * The resources that actions name, for authorization. Source of each action's resource type:
 * "Actions, resources, and condition keys for Amazon Kinesis Data Streams", Service Authorization
 * Reference.
 */
import type { Access } from '../../../access/authorizer.ts';
import type { KinesisContext } from '../action.ts';
import { type ConsumerAddress, consumerNameIn } from './consumer-address.ts';
import { queueIdIn } from './queue-address.ts';
import { resourceIn } from './resource-address.ts';
import { type StreamAddress, streamNameIn } from './stream-address.ts';

/** Errors: as streamNameIn. */
export function theStream(input: StreamAddress, context: KinesisContext, action: string): Access {
  return { action, kind: 'stream', name: streamNameIn(input, context) };
}

/** Errors: as consumerNameIn. */
export function theConsumer(
  input: ConsumerAddress,
  context: KinesisContext,
  action: string,
): Access {
  return { action, kind: 'consumer', name: consumerNameIn(input, context) };
}

/** Errors: as queueIdIn. */
export function theQueue(
  { QueueARN }: { readonly QueueARN: string },
  context: KinesisContext,
  action: string,
): Access {
  return { action, kind: 'queue', name: queueIdIn(QueueARN, context) };
}

/** A stream, one of its consumers, or a queue. Errors: as resourceIn. */
export function theResource(
  { ResourceARN }: { readonly ResourceARN: string },
  context: KinesisContext,
  action: string,
): Access {
  const resource = resourceIn(ResourceARN, context);
  if ('queueId' in resource) return { action, kind: 'queue', name: resource.queueId };
  const { streamName, consumer } = resource;
  if (consumer === undefined) return { action, kind: 'stream', name: streamName };
  const name = `${streamName}/consumer/${consumer.name}:${consumer.createdAtSeconds}`;
  return { action, kind: 'consumer', name };
}

/** Errors: as streamNameIn. */
export function streamAndKey(
  input: StreamAddress & { readonly KeyId: string },
  context: KinesisContext,
  action: string,
): readonly Access[] {
  return [theStream(input, context, action), { action, kind: 'key', name: input.KeyId }];
}

/** For actions that name no single resource. */
export function theAccount(_input: unknown, _context: KinesisContext, action: string): Access {
  return { action, kind: 'all', name: '*' };
}
