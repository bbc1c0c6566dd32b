/** Shapes of the actions on queues, with the constraints of AWS's service model. */
import { integer, list, required, string, structure, timestamp } from '../../protocol/shape.ts';
import { namedStructure, queueArn, streamArn } from '../shapes.ts';

export const queueName = string({ pattern: '[a-zA-Z0-9_.-]+', min: 1, max: 128 });
export const visibilitySeconds = integer({ min: 0, max: 43_200 });
export const queueAddress = { QueueARN: required(queueArn) };
export const queueStatus = string({ values: ['CREATING', 'ACTIVE', 'UPDATING', 'DELETING'] });

const startingPosition = namedStructure(
  {
    Type: required(string({ values: ['TRIM_HORIZON', 'LATEST', 'AT_TIMESTAMP'] })),
    Timestamp: timestamp(),
  },
  'QueueStartingPosition',
);
export const streamConfigurations = list(
  namedStructure(
    { StreamARN: required(streamArn), StartingPosition: startingPosition },
    'QueueStreamConfiguration',
  ),
  { min: 1, max: 10_000 },
);

const deadLetterConfiguration = namedStructure(
  {
    TargetType: required(string({ values: ['BUILT_IN', 'NONE'] })),
    MaxReceiveCount: integer({ min: 1, max: 1_000 }),
  },
  'DeadLetterConfiguration',
);
export const queueAttributes = namedStructure(
  {
    VisibilityTimeoutSeconds: visibilitySeconds,
    DeadLetterConfiguration: deadLetterConfiguration,
  },
  'QueueAttributes',
);

/** What CreateQueue, UpdateQueue and DescribeQueue return. */
export const queueOutput = structure({
  QueueDescription: required(
    structure({
      QueueName: required(queueName),
      QueueARN: required(queueArn),
      QueueStatus: required(queueStatus),
      QueueCreationTimestamp: required(timestamp()),
      StreamConfigurationList: required(streamConfigurations),
      QueueAttributes: queueAttributes,
    }),
  ),
});
