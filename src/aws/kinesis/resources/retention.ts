/** Source: "Changing the data retention period", Kinesis Data Streams developer guide. */
import type { Stream } from '../../../domain/streams/stream.ts';
import { required, structure, type ValueOf } from '../../protocol/shape.ts';
import type { KinesisContext } from '../action.ts';
import { invalidArgument } from '../errors.ts';
import { retentionHours, streamAddress } from '../shapes.ts';
import { namingTheStream, streamNameIn } from './stream-address.ts';
import { assertStatus } from './stream-view.ts';

const retentionHoursMin = 24;
const retentionHoursMax = 8760;

/** Errors: InvalidArgumentException. */
function assertRetentionRange(hours: number): void {
  if (hours < retentionHoursMin) {
    throw invalidArgument(
      `Minimum allowed retention period is ${retentionHoursMin} hours. ` +
        `Requested retention period (${hours} hours) is too short.`,
    );
  }
  if (hours > retentionHoursMax) {
    throw invalidArgument(
      `Maximum allowed retention period is ${retentionHoursMax} hours. ` +
        `Requested retention period (${hours} hours) is too long.`,
    );
  }
}

export const retentionInput = structure({
  RetentionPeriodHours: required(retentionHours),
  ...streamAddress,
});

/**
 * `assertDirection` throws if the hours are not in the action's direction from the stream's current
 * ones. Errors: its own; InvalidArgumentException, ResourceInUseException,
 * ResourceNotFoundException.
 */
export async function changeRetention(
  { RetentionPeriodHours: hours, ...address }: ValueOf<typeof retentionInput>,
  context: KinesisContext,
  assertDirection: (stream: Stream, hours: number) => void,
): Promise<void> {
  const name = streamNameIn(address, context);
  const change = (stream: Stream): Stream => {
    assertStatus(stream, context);
    assertRetentionRange(hours);
    assertDirection(stream, hours);
    return { ...stream, retentionHours: hours };
  };
  await namingTheStream(name, context, () => context.streams.change(name, change));
}
