import { SerializationError } from './errors.ts';

/** Characters of the rejected text that a message shows; AWS shows all, which may be 14 MB. */
const shownCharactersMax = 1024;

/**
 * Decodes strict base64 (RFC 4648 section 4, padded). The decoder of the runtime is lenient:
 * it skips what it does not know, so the length of its answer tells whether all was understood.
 * Errors: SerializationError with AWS's sentence.
 */
export function readBase64(text: string): Buffer {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const decoded = Buffer.from(text, 'base64');
  const wellFormed =
    text.length % 4 === 0 &&
    decoded.length === (text.length / 4) * 3 - padding &&
    !text.includes('-') &&
    !text.includes('_') &&
    (padding === 0 || hasCleanEnd(text, padding));
  if (!wellFormed) throw malformed(text);
  return decoded;
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** The bits of the last character that no byte takes must be zero. */
function hasCleanEnd(text: string, padding: 1 | 2): boolean {
  const last = alphabet.indexOf(text[text.length - padding - 1] ?? '');
  return (last & (padding === 2 ? 0b1111 : 0b11)) === 0;
}

function malformed(text: string): SerializationError {
  const shown = text.length > shownCharactersMax ? `${text.slice(0, shownCharactersMax)}…` : text;
  const sentence = (reason: string): SerializationError =>
    new SerializationError(`'${shown}' can not be converted to a Blob: ${reason}`);
  if (text.length % 4 !== 0) {
    return sentence(
      `Base64 encoded length is expected a multiple of 4 bytes but found: ${text.length}`,
    );
  }
  const wrong = /[^a-zA-Z0-9+/=]|=(?=[^=])|=(?==.)|^=/su.exec(text)?.[0];
  if (wrong !== undefined) return sentence(`Invalid Base64 character: '${wrong}'`);
  return sentence('Invalid last non-pad Base64 character dectected');
}
