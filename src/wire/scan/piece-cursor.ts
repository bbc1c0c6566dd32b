/**
 * Reads forward over the pieces of one frame. Values that lie within one piece are read in place.
 */
import { type Cursor, elementsMax, type Reader, varintBytesMax, WireError } from '../primitives.ts';

const noBytes = Buffer.alloc(0);
const uuidBytes = 16;

export class PieceCursor implements Cursor, Pick<Reader, 'string' | 'uuid'> {
  readonly #pieces: readonly Buffer[];
  readonly #end: number;
  #nth = 0;
  #piece: Buffer;
  #at = 0;
  /** The number of bytes in the pieces before this one. */
  #before = 0;
  #elements = 0;

  constructor(pieces: readonly Buffer[]) {
    this.#pieces = pieces;
    this.#piece = pieces[0] ?? noBytes;
    let end = 0;
    for (const { length } of pieces) end += length;
    this.#end = end;
  }

  get position(): number {
    return this.#before + this.#at;
  }

  get remaining(): number {
    return this.#end - this.#before - this.#at;
  }

  countElements(count: number): void {
    this.#elements += count;
    if (this.#elements > elementsMax) throw new WireError(`more than ${elementsMax} elements`);
  }

  /** Advances by `size` bytes and returns their start in the frame. */
  take(size: number): number {
    if (size < 0 || size > this.remaining) {
      const wanted = `${size} bytes wanted where ${this.remaining} are left`;
      throw new WireError(`a frame ends early: ${wanted}`);
    }
    const start = this.position;
    this.#at += size;
    while (this.#at > this.#piece.length) this.#next();
    return start;
  }

  string(size: number): string {
    return this.#view(size).toString();
  }

  uuid(): string {
    return this.#view(uuidBytes).toString('base64url');
  }

  int8(): number {
    return this.#view(1).readInt8();
  }

  int16(): number {
    if (this.#piece.length - this.#at < 2) return this.#view(2).readInt16BE();
    this.#at += 2;
    return this.#piece.readInt16BE(this.#at - 2);
  }

  int32(): number {
    if (this.#piece.length - this.#at < 4) return this.#view(4).readInt32BE();
    this.#at += 4;
    return this.#piece.readInt32BE(this.#at - 4);
  }

  uvarint(): number {
    let value = 0;
    for (let index = 0; index < varintBytesMax; index++) {
      if (this.#at === this.#piece.length) this.#next();
      const byte = this.#piece[this.#at++]!;
      value += (byte & 0x7f) * 2 ** (7 * index);
      if (byte < 0x80) return value;
    }
    throw new WireError('varint longer than 32 bits');
  }

  /** For short values only; copies a value that lies in several pieces. */
  #view(size: number): Buffer {
    if (size < 0 || size > this.remaining) {
      const wanted = `${size} bytes wanted where ${this.remaining} are left`;
      throw new WireError(`a frame ends early: ${wanted}`);
    }
    const end = this.#at + size;
    if (end <= this.#piece.length) {
      const view = this.#piece.subarray(this.#at, end);
      this.#at = end;
      return view;
    }
    const parts: Buffer[] = [];
    for (let left = size; left > 0;) {
      if (this.#at === this.#piece.length) this.#next();
      const part = this.#piece.subarray(this.#at, this.#at + left);
      parts.push(part);
      left -= part.length;
      this.#at += part.length;
    }
    return Buffer.concat(parts);
  }

  #next(): void {
    const piece = this.#pieces[++this.#nth];
    if (piece === undefined) throw new WireError('a frame ends early');
    this.#before += this.#piece.length;
    this.#at -= this.#piece.length;
    this.#piece = piece;
  }
}
