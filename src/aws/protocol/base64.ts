import { SerializationError } from './errors.ts';

/** How many characters of an invalid text a message shows; AWS shows all, which may be 14 MB. */
const shownCharactersMax = 1024;

/** Larger texts get their own buffers. */
const sharingBytesMax = 32 * 1024;
const sharedBytesMax = 256 * 1024;
/** Small requests use Node's own pool. */
const sharedBytesMin = 8 * 1024;
const none = Buffer.alloc(0);

/**
 * Decodes the base64 in one body. The values of a large body share a few buffers, because they have
 * the same lifetime.
 */
export class Base64Reader {
  readonly #sharedBytes: number;
  #shared = none;
  #used = 0;

  /** `characters`: the size of the whole body. */
  constructor(characters: number) {
    const bytes = Math.ceil((characters * 3) / 4);
    this.#sharedBytes = bytes < sharedBytesMin ? 0 : Math.min(bytes, sharedBytesMax);
  }

  /**
   * Decodes strict base64 (RFC 4648 section 4, padded). Node's decoder is lenient and skips invalid
   * characters, so the length of its result tells whether the text was valid. Errors:
   * SerializationError with AWS's sentence.
   */
  read(text: string): Buffer {
    const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
    const decoded = this.#decode(text);
    const wellFormed =
      text.length % 4 === 0 &&
      decoded.length === (text.length / 4) * 3 - padding &&
      !text.includes('-') &&
      !text.includes('_') &&
      (padding === 0 || hasCleanEnd(text, padding));
    if (!wellFormed) throw malformed(text);
    return decoded;
  }

  #decode(text: string): Buffer {
    const bytesMax = Math.ceil((text.length * 3) / 4);
    if (bytesMax > Math.min(sharingBytesMax, this.#sharedBytes)) return Buffer.from(text, 'base64');
    if (this.#used + bytesMax > this.#shared.length) {
      this.#shared = Buffer.allocUnsafeSlow(this.#sharedBytes);
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += this.#shared.write(text, start, 'base64');
    return this.#shared.subarray(start, this.#used);
  }
}

/** Smaller bodies do not share buffers, so one reader serves all of them. */
export const sharingCharactersMin = Math.floor((sharedBytesMin * 4) / 3);

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** The unused bits of the last character must be zero. */
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
