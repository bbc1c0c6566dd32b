/**
 * StartStreamEncryption:
 * https://docs.aws.amazon.com/kinesis/latest/APIReference/API_StartStreamEncryption.html
 */
import { defineAction } from '../action.ts';
import { changeEncryption, encryptionInput } from '../resources/encryption.ts';
import { streamAndKey } from '../resources/touched.ts';

export const startStreamEncryption = defineAction({
  name: 'StartStreamEncryption',
  input: encryptionInput,
  errors: [
    'AccessDeniedException',
    'InvalidArgumentException',
    'KMSNotFoundException',
    'LimitExceededException',
    'ResourceInUseException',
    'ResourceNotFoundException',
  ],
  deviations: [
    'Answers say that records are encrypted; they are stored as the cluster stores them, and no ' +
      'key is asked for. Any key of a valid form in the region is taken.',
  ],
  touches: streamAndKey,
  handle: (request, context) => changeEncryption(request, true, context),
});
