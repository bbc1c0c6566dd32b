/**
 * EnableEnhancedMonitoring:
 * https://docs.aws.amazon.com/kinesis/latest/APIReference/API_EnableEnhancedMonitoring.html
 */
import { defineAction } from '../../protocol/action.ts';
import {
  changeMonitoring,
  monitoringInput,
  monitoringOutput,
} from '../resources/enhanced-monitoring.ts';

export const enableEnhancedMonitoring = defineAction({
  name: 'EnableEnhancedMonitoring',
  input: monitoringInput,
  output: monitoringOutput,
  errors: [
    'AccessDeniedException',
    'InvalidArgumentException',
    'LimitExceededException',
    'ResourceInUseException',
    'ResourceNotFoundException',
  ],
  deviations: ['Kept and shown; no metrics are sent to CloudWatch.'],
  handle: (request, context) =>
    changeMonitoring(request, context, (current, named) => new Set([...current, ...named])),
});
