/**
 * CreateQueue: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_CreateQueue.html
 * Responds while the queue is CREATING; its positions in the stream's shards are fixed by then.
 */
import { isGatewayError } from '../../../domain/errors.ts';
import {
  type Queue,
  type QueueStart,
  receivesMaxDefault,
  visibilitySecondsDefault,
} from '../../../domain/queues/queue.ts';
import { attributesWith } from '../../../domain/queues/queue-changes.ts';
import { withQueue } from '../../../domain/queues/stream-queues.ts';
import type { Stream } from '../../../domain/streams/stream.ts';
import type { Access } from '../../../access/authorizer.ts';
import { defineAction, type KinesisContext } from '../action.ts';
import { invalidArgument, KinesisError, validationFailed } from '../errors.ts';
import { changingQueuesMaxOf, registeredMaxOf } from '../limits/account-limits.ts';
import { required, structure, type ValueOf } from '../../protocol/shape.ts';
import { tagMap } from '../shapes.ts';
import { viewQueue } from '../resources/queue-address.ts';
import { attributesIn } from '../resources/queue-attributes.ts';
import {
  queueAttributes,
  queueName,
  queueOutput,
  streamConfigurations,
} from '../resources/queue-shapes.ts';
import { findStream, namingTheStream, streamNameIn } from '../resources/stream-address.ts';
import { assertStatus } from '../resources/stream-view.ts';
import { assertTagCharacters, assertTagCount, assertTagKeys } from '../resources/tags.ts';

const input = structure({
  QueueName: required(queueName),
  StreamConfigurationList: required(streamConfigurations),
  QueueAttributes: queueAttributes,
  Tags: tagMap,
});
type Input = ValueOf<typeof input>;

const defaults = { visibilitySeconds: visibilitySecondsDefault, receivesMax: receivesMaxDefault };

export const createQueue = defineAction({
  name: 'CreateQueue',
  input,
  output: queueOutput,
  errors: [
    'AccessDeniedException',
    'InvalidArgumentException',
    'LimitExceededException',
    'ResourceInUseException',
    'ResourceNotFoundException',
    'ValidationException',
  ],
  deviations: [
    "The ARN's last part begins with the queue's name; it is the id of a Kafka share group.",
  ],
  touches: queueAndStream,
  async handle(request, context) {
    const { QueueName: name, QueueAttributes: given = {}, Tags: tags = {} } = request;
    const { StreamARN, StartingPosition } = theConfiguration(request);
    const start = startIn(StartingPosition, context.clock.nowMs());
    const attributes = attributesWith(defaults, attributesIn(given));
    const what = `create queue ${name} under account ${context.account}`;
    assertTagKeys(Object.keys(tags));
    assertTagCharacters(Object.entries(tags).flat(), what);
    assertTagCount(tags, what, 'resource');
    const stream = await findStream({ StreamARN }, context, 'fresh');
    assertDeliverable(stream, context);
    const max = await registeredMaxOf(stream, context);
    const attached = (now: Stream, queue: Queue): Stream => {
      assertDeliverable(now, context);
      return withQueue(now, queue, max);
    };
    const queue = await namingTheStream(stream.name, context, () =>
      context.queueLifecycle
        .create({ name, start, attributes, tags }, stream, attached, changingQueuesMaxOf(context))
        .catch((error: unknown) => {
          throw nameTaken(error, name, context);
        }),
    );
    return { QueueDescription: viewQueue(queue, context) };
  },
});

/** Errors: ValidationException, as for every list that does not have exactly one stream. */
function theConfiguration({ StreamConfigurationList: list }: Input) {
  const [only, ...others] = list;
  if (only !== undefined && others.length === 0) return only;
  throw validationFailed('StreamConfigurationList must contain exactly one entry.');
}

/** Errors: as streamNameIn; ValidationException. */
function queueAndStream(request: Input, context: KinesisContext, action: string): Access[] {
  const { StreamARN } = theConfiguration(request);
  return [
    { action, kind: 'queue', name: request.QueueName },
    {
      action: 'kinesis:AssociateStreamsWithQueue',
      kind: 'stream',
      name: streamNameIn({ StreamARN }, context),
    },
  ];
}

/** Errors: ValidationException; InvalidArgumentException for the future, as of a shard iterator. */
function startIn(
  position: Input['StreamConfigurationList'][number]['StartingPosition'],
  nowMs: number,
): QueueStart {
  const { Type: type, Timestamp: timestampMs } = position ?? { Type: 'LATEST' as const };
  if (type !== 'AT_TIMESTAMP') {
    if (timestampMs === undefined) return { type };
    throw validationFailed(`Timestamp cannot be specified for a StartingPosition of type ${type}.`);
  }
  if (timestampMs === undefined) {
    throw validationFailed('Timestamp is required for a StartingPosition of type AT_TIMESTAMP.');
  }
  if (timestampMs <= nowMs) return { type, timestampMs };
  throw invalidArgument(
    'The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. ' +
      `timestampInMillis: ${timestampMs}, currentTimestampInMillis: ${nowMs}`,
  );
}

/** Errors: ResourceInUseException; ValidationException, as the model says of capacity modes. */
function assertDeliverable(stream: Stream, context: KinesisContext): void {
  assertStatus(stream, context, ['ACTIVE', 'UPDATING']);
  if (stream.mode === 'ON_DEMAND') return;
  throw validationFailed(
    `Request is invalid. Stream ${stream.name} under account ${context.account} is in ` +
      'Provisioned mode.',
  );
}

function nameTaken(error: unknown, name: string, { account }: KinesisContext): unknown {
  if (!isGatewayError(error, 'in-use')) return error;
  return new KinesisError(
    'ResourceInUseException',
    `Queue ${name} under account ${account} already exists.`,
    { cause: error },
  );
}
