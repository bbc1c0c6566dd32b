/**
 * StopStreamEncryption:
 * https://docs.aws.amazon.com/kinesis/latest/APIReference/API_StopStreamEncryption.html
 */
import { defineAction } from '../action.ts';
import { changeEncryption, encryptionInput } from '../resources/encryption.ts';
import { streamAndKey } from '../resources/touched.ts';

export const stopStreamEncryption = defineAction({
  name: 'StopStreamEncryption',
  input: encryptionInput,
  errors: [
    'AccessDeniedException',
    'InvalidArgumentException',
    'LimitExceededException',
    'ResourceInUseException',
    'ResourceNotFoundException',
  ],
  deviations: ['The key need not be the one that is in use.'],
  touches: streamAndKey,
  handle: (request, context) => changeEncryption(request, false, context),
});
