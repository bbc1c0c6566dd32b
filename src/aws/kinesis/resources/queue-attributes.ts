/** QueueAttributes of CreateQueue and UpdateQueue. */
import type { AttributeChanges } from '../../../domain/queues/queue-changes.ts';
import type { ValueOf } from '../../protocol/shape.ts';
import { validationFailed } from '../errors.ts';
import type { queueAttributes } from './queue-shapes.ts';

type Attributes = ValueOf<typeof queueAttributes>;

/**
 * Members that are absent leave their attribute as it is. Errors: ValidationException for a
 * combination that the service model excludes: BUILT_IN without a count. One of NONE with a count
 * says two things at once; how AWS answers it is not known.
 */
export function attributesIn(given: Attributes): AttributeChanges {
  const { VisibilityTimeoutSeconds: seconds, DeadLetterConfiguration: deadLetters } = given;
  const visibility = seconds === undefined ? {} : { visibilitySeconds: seconds };
  if (deadLetters === undefined) return visibility;
  const { TargetType: target, MaxReceiveCount: receivesMax } = deadLetters;
  if (target === 'BUILT_IN' && receivesMax === undefined) {
    throw validationFailed('MaxReceiveCount is required when TargetType is BUILT_IN.');
  }
  if (target === 'NONE' && receivesMax !== undefined) {
    throw validationFailed('MaxReceiveCount cannot be specified when TargetType is NONE.');
  }
  return { ...visibility, receivesMax };
}
