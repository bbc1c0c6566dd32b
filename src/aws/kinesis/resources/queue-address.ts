/** QueueARN, by which every action names a queue, and the queue in responses. */
import { isGatewayError } from '../../../domain/errors.ts';
import type { Queue, QueueStatus } from '../../../domain/queues/queue.ts';
import type { KinesisContext } from '../action.ts';
import { invalidArgument, KinesisError } from '../errors.ts';
import { arnPrefix, assertHere, type Place, streamArnOf } from './stream-address.ts';
import { wholeSecond } from './stream-view.ts';

export function queueArnOf(id: string, { account, region }: Place): string {
  return `${arnPrefix(region)}:${account}:queue/${id}`;
}

/** Errors: InvalidArgumentException; as assertHere. */
export function queueIdIn(arn: string, context: Place): string {
  assertHere(arn, context);
  const id = /^arn:aws[^:]*:kinesis:[^:]*:\d{12}:queue\/(\S+)$/u.exec(arn)?.[1];
  if (id === undefined) throw invalidArgument(`Invalid QueueARN: ${arn}`);
  return id;
}

/**
 * `cached`: at most a second old, for calls on records; `fresh`: the current state. Errors: as
 * queueIdIn; ResourceNotFoundException.
 */
export function findQueue(
  { QueueARN: arn }: { readonly QueueARN: string },
  context: KinesisContext,
  freshness: 'cached' | 'fresh' = 'cached',
): Promise<Queue> {
  const id = queueIdIn(arn, context);
  return namingTheQueue(id, context, async () => {
    if (freshness === 'fresh') return context.queues.findFresh(id);
    const queue = await context.queues.find(id);
    // The client may have seen at another gateway that it is ACTIVE now.
    return queue.status === 'CREATING' ? context.queues.findFresh(id) : queue;
  });
}

/** Runs work on one queue, and converts "not found" errors to AWS's style. */
export async function namingTheQueue<T>(
  id: string,
  context: Place,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isGatewayError(error, 'not-found')) throw queueNotFound(id, context);
    throw error;
  }
}

/** AWS's own sentence is not known; this one is like that of streams. */
export function queueNotFound(id: string, { account }: Pick<Place, 'account'>): KinesisError {
  return new KinesisError(
    'ResourceNotFoundException',
    `Queue ${id} under account ${account} not found.`,
  );
}

/**
 * Records are received and acknowledged while a queue is ACTIVE or UPDATING. Errors:
 * ResourceNotFoundException in other states, as for records of a stream that is CREATING: calls on
 * records have no other exception for it.
 */
export function assertQueueActive({ id, status }: Queue, { account }: KinesisContext): void {
  if (status === 'ACTIVE' || status === 'UPDATING') return;
  throw new KinesisError('ResourceNotFoundException', notActive(id, account, status));
}

/** Errors: ResourceInUseException if the queue's status does not allow the call. */
export function assertQueueStatus(
  { id, status }: Queue,
  { account }: KinesisContext,
  allowed: readonly QueueStatus[] = ['ACTIVE'],
): void {
  if (allowed.includes(status)) return;
  throw new KinesisError('ResourceInUseException', notActive(id, account, status));
}

function notActive(id: string, account: string, status: QueueStatus): string {
  return `Queue ${id} under account ${account} not ACTIVE, instead in state ${status}`;
}

/** The queue as CreateQueue, UpdateQueue and DescribeQueue return it. */
export function viewQueue(queue: Queue, context: KinesisContext) {
  const { attributes, start, stream } = queue;
  const { visibilitySeconds, receivesMax } = attributes;
  return {
    QueueName: queue.name,
    QueueARN: queueArnOf(queue.id, context),
    QueueStatus: queue.status,
    QueueCreationTimestamp: wholeSecond(queue.createdAtMs),
    StreamConfigurationList: [
      {
        StreamARN: streamArnOf(stream.name, context),
        StartingPosition: { Type: start.type, Timestamp: startShown(queue) },
      },
    ],
    QueueAttributes: {
      VisibilityTimeoutSeconds: visibilitySeconds,
      DeadLetterConfiguration:
        receivesMax === undefined
          ? { TargetType: 'NONE' as const }
          : { TargetType: 'BUILT_IN' as const, MaxReceiveCount: receivesMax },
    },
  };
}

/** The effective start, or what was asked for while the queue is CREATING. */
function startShown({ start, status, startsAtMs }: Queue): number | undefined {
  if (status !== 'CREATING') return startsAtMs;
  return start.type === 'AT_TIMESTAMP' ? start.timestampMs : undefined;
}
