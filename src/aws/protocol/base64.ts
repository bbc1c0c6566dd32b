import { SerializationError } from './errors.ts';

/** Characters of the rejected text that a message shows; AWS shows all, which may be 14 MB. */
const shownCharactersMax = 1024;

/** Larger texts have memory of their own. */
const sharingBytesMax = 32 * 1024;
const sharedBytesMax = 256 * 1024;
/** Node's own pool serves what comes with small requests. */
const sharedBytesMin = 8 * 1024;
const none = Buffer.alloc(0);

/**
 * Decodes the base64 of one body. What is decoded of a large one lies side by side, in few pieces
 * of memory: it lives and goes together.
 */
export class Base64Reader {
  readonly #sharedBytes: number;
  #shared = none;
  #used = 0;

  /** `characters`: of the whole body. */
  constructor(characters: number) {
    const bytes = Math.ceil((characters * 3) / 4);
    this.#sharedBytes = bytes < sharedBytesMin ? 0 : Math.min(bytes, sharedBytesMax);
  }

  /**
   * Decodes strict base64 (RFC 4648 section 4, padded). The decoder of the runtime is lenient:
   * it skips what it does not know, so the length of its answer tells whether all was understood.
   * Errors: SerializationError with AWS's sentence.
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

/** Bodies of fewer characters share no memory, so that one reader serves all of them. */
export const sharingCharactersMin = Math.floor((sharedBytesMin * 4) / 3);

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
