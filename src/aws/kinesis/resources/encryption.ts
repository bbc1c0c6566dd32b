/**
 * Shared by StartStreamEncryption and StopStreamEncryption. Source: their pages in the Kinesis API
 * reference; "Key identifiers (KeyId)", AWS KMS developer guide.
 */
import { encryptionKeyAt, withEncryption } from '../../../domain/streams/stream-settings.ts';
import type { Stream } from '../../../domain/streams/stream.ts';
import type { KinesisContext } from '../action.ts';
import { invalidArgument, KinesisError } from '../errors.ts';
import { required, structure, type ValueOf } from '../../protocol/shape.ts';
import { encryptionType, keyId, streamAddress } from '../shapes.ts';
import { namingTheStream, streamNameIn } from './stream-address.ts';
import { assertStatus } from './stream-view.ts';

export const encryptionInput = structure({
  EncryptionType: required(encryptionType),
  KeyId: required(keyId),
  ...streamAddress,
});

const uuid = '[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}';
/** Ids of multi-Region keys start with mrk-. */
const key = `(?:${uuid}|mrk-[0-9a-f]{32})`;
const alias = 'alias/[a-zA-Z0-9/_-]{1,250}';
const keyIdForm = new RegExp(`^(?:${key}|${alias})$`, 'u');
const arnForm = new RegExp(
  `^arn:aws[^:]*:kms:(?<region>[a-z0-9-]+):\\d{12}:(?:key/${key}|${alias})$`,
  'u',
);

/** `wanted`: whether the stream will be encrypted with the request's key. */
export async function changeEncryption(
  request: ValueOf<typeof encryptionInput>,
  wanted: boolean,
  context: KinesisContext,
): Promise<void> {
  const name = streamNameIn(request, context);
  if (request.EncryptionType !== 'KMS') {
    throw invalidArgument('KMS is the only valid EncryptionType for this request.');
  }
  assertKeyId(request.KeyId, context.region, wanted);
  const change = (stream: Stream): Stream => {
    assertStatus(stream, context);
    const nowMs = context.clock.nowMs();
    if (!wanted && encryptionKeyAt(stream, nowMs) === undefined) {
      throw invalidArgument('Cannot stop encrypting an unencrypted stream.');
    }
    return withEncryption(stream, wanted ? request.KeyId : undefined, nowMs);
  };
  await namingTheStream(name, context, () => context.streams.change(name, change));
}

/**
 * The gateway cannot know whether the key exists, only whether its id has a valid form. Errors:
 * KMSNotFoundException, in the words of KMS; InvalidArgumentException for StopStreamEncryption,
 * which does not call KMS.
 */
function assertKeyId(text: string, region: string, wanted: boolean): void {
  if (keyIdForm.test(text)) return;
  const found = arnForm.exec(text)?.groups?.['region'];
  if (found === region) return;
  throw new KinesisError(
    wanted ? 'KMSNotFoundException' : 'InvalidArgumentException',
    found === undefined ? `Invalid keyId '${text}'` : `Invalid arn ${found}`,
  );
}
