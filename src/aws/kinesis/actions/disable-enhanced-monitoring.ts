/**
 * DisableEnhancedMonitoring:
 * https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DisableEnhancedMonitoring.html
 */
import { defineAction } from '../../protocol/action.ts';
import {
  changeMonitoring,
  monitoringInput,
  monitoringOutput,
} from '../resources/enhanced-monitoring.ts';

export const disableEnhancedMonitoring = defineAction({
  name: 'DisableEnhancedMonitoring',
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
    changeMonitoring(
      request,
      context,
      (current, named) => new Set([...current].filter((each) => !named.has(each))),
    ),
});
