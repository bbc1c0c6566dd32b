/**
 * Reads CBOR (RFC 8949) as AWS SDKs write it. Own code, because client input must be bounded and
 * the library's reader is not: it interprets its own extension tags, converts tagged timestamps to
 * dates in seconds, and does not accept chunked strings, in which Java SDKs send long ones. Writing
 * uses the library.
 */
import { isUtf8 } from 'node:buffer';
import { SerializationError } from './errors.ts';

/** No shape is nested deeper than four; the rest allows for unknown members. */
const depthMax = 64;
/** The maximum number of values in one body; a legal PutRecords has fewer than 4,000. */
const itemsMax = 65_536;

const major = { unsigned: 0, negative: 1, bytes: 2, text: 3, list: 4, map: 5, tag: 6 } as const;
const indefinite = -1;
const breakByte = 0xff;
/** The tag of timestamps; no other tag has a meaning in this protocol. */
const timestampTag = 1;

/**
 * Reads one complete item: maps as objects, byte strings as views, numbers as numbers. Errors:
 * SerializationError for bytes that are not one well-formed item of this kind.
 */
export function decodeCbor(bytes: Buffer): unknown {
  const reader = new Reader(bytes);
  const value = reader.item(0);
  if (!reader.atEnd()) throw new SerializationError();
  return value;
}

class Reader {
  readonly #bytes: Buffer;
  #position = 0;
  #items = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  atEnd(): boolean {
    return this.#position === this.#bytes.length;
  }

  item(depth: number): unknown {
    this.#items += 1;
    if (depth > depthMax || this.#items > itemsMax) throw new SerializationError();
    const first = this.#bytes[this.#position];
    if (first === undefined) throw new SerializationError();
    this.#position += 1;
    const info = first & 0x1f;
    switch (first >> 5) {
      case major.unsigned:
        return this.#number(info);
      case major.negative:
        return -1 - this.#number(info);
      case major.bytes:
        return this.#bytesOf(info, major.bytes);
      case major.text:
        return this.#text(info);
      case major.list:
        return this.#list(this.#length(info), depth);
      case major.map:
        return this.#map(this.#length(info), depth);
      case major.tag:
        return this.#timestamp(info, depth);
      default:
        return this.#simple(info);
    }
  }

  /** The argument in or after an item's first byte. */
  #number(info: number): number {
    if (info < 24) return info;
    const width = info === 24 ? 1 : info === 25 ? 2 : info === 26 ? 4 : info === 27 ? 8 : 0;
    const at = this.#take(width);
    if (width === 0) throw new SerializationError();
    if (width === 8) return Number(this.#bytes.readBigUInt64BE(at));
    return this.#bytes.readUIntBE(at, width);
  }

  #length(info: number): number {
    if (info === 31) return indefinite;
    const length = this.#number(info);
    // Every entry takes at least a byte, so a length beyond the body is invalid.
    if (length > this.#bytes.length - this.#position) throw new SerializationError();
    return length;
  }

  #bytesOf(info: number, type: number): Buffer {
    const length = this.#length(info);
    if (length !== indefinite) {
      const at = this.#take(length);
      return this.#bytes.subarray(at, at + length);
    }
    const chunks: Buffer[] = [];
    while (!this.#takesBreak()) {
      const first = this.#bytes[this.#position] ?? breakByte;
      this.#items += 1;
      // A chunk is a string of the same type with a definite length.
      const isChunk = first >> 5 === type && (first & 0x1f) !== 31 && this.#items <= itemsMax;
      if (!isChunk) throw new SerializationError();
      this.#position += 1;
      chunks.push(this.#bytesOf(first & 0x1f, type));
    }
    return Buffer.concat(chunks);
  }

  #text(info: number): string {
    const bytes = this.#bytesOf(info, major.text);
    const text = bytes.toString('utf8');
    // The replacement character may be the client's own, or the result of invalid UTF-8.
    if (text.includes('\ufffd') && !isUtf8(bytes)) throw new SerializationError();
    return text;
  }

  #list(length: number, depth: number): unknown[] {
    const list: unknown[] = [];
    while (length === indefinite ? !this.#takesBreak() : list.length < length) {
      list.push(this.item(depth + 1));
    }
    return list;
  }

  #map(length: number, depth: number): Record<string, unknown> {
    const map: Record<string, unknown> = {};
    for (let i = 0; length === indefinite ? !this.#takesBreak() : i < length; i += 1) {
      const first = this.#bytes[this.#position] ?? breakByte;
      if (first >> 5 !== major.text) throw new SerializationError();
      this.#position += 1;
      const key = this.#text(first & 0x1f);
      const value = this.item(depth + 1);
      if (key !== '__proto__') map[key] = value;
      else Object.defineProperty(map, key, { value, enumerable: true, configurable: true });
    }
    return map;
  }

  #timestamp(info: number, depth: number): number {
    if (this.#number(info) !== timestampTag) throw new SerializationError();
    const value = this.item(depth + 1);
    if (typeof value !== 'number') throw new SerializationError();
    return value;
  }

  #simple(info: number): unknown {
    switch (info) {
      case 20:
        return false;
      case 21:
        return true;
      case 22:
      case 23:
        return null;
      case 25:
        return halfFloat(this.#bytes.readUInt16BE(this.#take(2)));
      case 26:
        return this.#bytes.readFloatBE(this.#take(4));
      case 27:
        return this.#bytes.readDoubleBE(this.#take(8));
      default:
        throw new SerializationError();
    }
  }

  #takesBreak(): boolean {
    if (this.#bytes[this.#position] !== breakByte) return false;
    this.#position += 1;
    return true;
  }

  /** The start of the next `count` bytes. */
  #take(count: number): number {
    const at = this.#position;
    if (count > this.#bytes.length - at) throw new SerializationError();
    this.#position = at + count;
    return at;
  }
}

/** RFC 8949, appendix D. */
function halfFloat(half: number): number {
  const exponent = (half >> 10) & 0x1f;
  const mantissa = half & 0x3ff;
  const sign = half & 0x8000 ? -1 : 1;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  if (exponent === 31) return mantissa === 0 ? sign * Infinity : NaN;
  return sign * (mantissa + 1024) * 2 ** (exponent - 25);
}
