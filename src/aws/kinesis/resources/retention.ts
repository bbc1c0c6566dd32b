/** Source: "Changing the data retention period", Kinesis Data Streams developer guide. */
import { invalidArgument } from '../errors.ts';

const retentionHoursMin = 24;
const retentionHoursMax = 8760;

/** Errors: InvalidArgumentException. */
export function assertRetentionRange(hours: number): void {
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
