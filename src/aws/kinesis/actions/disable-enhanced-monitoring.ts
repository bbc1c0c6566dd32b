/**
 * DisableEnhancedMonitoring:
 * https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DisableEnhancedMonitoring.html
 */
import { defineAction } from '../action.ts';
import {
  changeMonitoring,
  monitoringInput,
  monitoringOutput,
} from '../resources/enhanced-monitoring.ts';
import { theStream } from '../resources/touched.ts';

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
  rate: { perSecond: 5, per: 'stream' },
  touches: theStream,
  handle: (request, context) =>
    changeMonitoring(
      request,
      context,
      (current, named) => new Set([...current].filter((each) => !named.has(each))),
    ),
});
