/**
 * The Kafka protocol's primitive types over a Buffer, read and written.
 * Source: the Kafka protocol guide, "Protocol Primitive Types"; KIP-482 for the compact forms.
 */

/** The codec's only error: the bytes violate the protocol, or a value is out of range. */
export class WireError extends Error {
  override readonly name = 'WireError';
}

/** A view takes about a hundred bytes, so all empty ones are the same object. */
const noBytes = Buffer.alloc(0);

/** The longest varint of 32 bits. */
export const varintBytesMax = 5;
const varlongBytesMax = 10;

/**
 * The maximum number of array elements in one message. An element of three bytes becomes an object
 * of a hundred, so without this limit a frame of many elements would exhaust the memory. The
 * metadata of a cluster with half a million partitions has fewer elements.
 */
export const elementsMax = 5_000_000;

/** Reads forward, never past its end. Every failure is a WireError. */
export class Reader {
  readonly buffer: Buffer;
  position: number;
  end: number;
  #elements = 0;

  constructor(buffer: Buffer, position = 0, end = buffer.length) {
    this.buffer = buffer;
    this.position = position;
    this.end = end;
  }

  get remaining(): number {
    return this.end - this.position;
  }

  /** Called before elements are read: throws if there are more than elementsMax. */
  countElements(count: number): void {
    this.#elements += count;
    if (this.#elements > elementsMax) throw new WireError(`more than ${elementsMax} elements`);
  }

  /** Advances by `size` bytes and returns their start. */
  take(size: number): number {
    const start = this.position;
    if (size < 0 || size > this.end - start) {
      throw new WireError(`${size} bytes wanted where ${this.end - start} are left`);
    }
    this.position = start + size;
    return start;
  }

  int8(): number {
    return this.buffer.readInt8(this.take(1));
  }

  uint8(): number {
    return this.buffer[this.take(1)]!;
  }

  bool(): boolean {
    return this.buffer[this.take(1)] !== 0;
  }

  int16(): number {
    return this.buffer.readInt16BE(this.take(2));
  }

  uint16(): number {
    return this.buffer.readUInt16BE(this.take(2));
  }

  int32(): number {
    return this.buffer.readInt32BE(this.take(4));
  }

  uint32(): number {
    return this.buffer.readUInt32BE(this.take(4));
  }

  int64(): bigint {
    return this.buffer.readBigInt64BE(this.take(8));
  }

  float64(): number {
    return this.buffer.readDoubleBE(this.take(8));
  }

  uvarint(): number {
    const { buffer, end } = this;
    let value = 0;
    for (let index = 0; index < varintBytesMax; index++) {
      if (this.position >= end) throw new WireError('varint cut off');
      const byte = buffer[this.position++]!;
      value += (byte & 0x7f) * 2 ** (7 * index);
      if (byte < 0x80) {
        if (value > 0xffffffff) break;
        return value;
      }
    }
    throw new WireError('varint longer than 32 bits');
  }

  /** Zigzag, 32 bits. */
  varint(): number {
    const raw = this.uvarint();
    return (raw >>> 1) ^ -(raw & 1);
  }

  /** Zigzag, 64 bits. Small values, the common ones, need no bigint arithmetic. */
  varlong(): bigint {
    const { buffer, end } = this;
    let low = 0;
    for (let index = 0; index < 4; index++) {
      if (this.position >= end) throw new WireError('varlong cut off');
      const byte = buffer[this.position++]!;
      low |= (byte & 0x7f) << (7 * index);
      if (byte < 0x80) return BigInt((low >>> 1) ^ -(low & 1));
    }
    let value = BigInt(low);
    for (let index = 4; index < varlongBytesMax; index++) {
      if (this.position >= end) throw new WireError('varlong cut off');
      const byte = buffer[this.position++]!;
      value |= BigInt(byte & 0x7f) << BigInt(7 * index);
      if (byte < 0x80) {
        if (value >= 1n << 64n) break;
        return BigInt.asIntN(64, (value >> 1n) ^ -(value & 1n));
      }
    }
    throw new WireError('varlong longer than 64 bits');
  }

  /** As varlong, but rounded if it is not a safe integer; small values need no bigints. */
  varlongAsNumber(): number {
    const { buffer, position, end } = this;
    let value = 0;
    let scale = 1;
    // Seven bytes have 49 bits, which a number represents exactly.
    for (let index = 0; index < 7 && position + index < end; index++) {
      const byte = buffer[position + index]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        this.position = position + index + 1;
        return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
      }
      scale *= 0x80;
    }
    return Number(this.varlong());
  }

  /** UUID in Kafka's own text form: base64url of its 16 bytes. */
  uuid(): string {
    const start = this.take(16);
    return this.buffer.toString('base64url', start, start + 16);
  }

  string(size: number): string {
    const start = this.take(size);
    return this.buffer.toString('utf8', start, start + size);
  }

  /** A view, not a copy. */
  bytes(size: number): Buffer {
    if (size === 0) return noBytes;
    const start = this.take(size);
    return this.buffer.subarray(start, start + size);
  }
}

/**
 * What is needed to skip values: implemented by Reader, and by the cursor over a frame in pieces.
 */
export type Cursor = Pick<
  Reader,
  'remaining' | 'take' | 'int8' | 'int16' | 'int32' | 'uvarint' | 'countElements'
>;

const chunkBytesMin = 256;
/** A byte string of this size or more is kept by reference, not copied into the message. */
const referencedBytesMin = 2048;

/** Skips a block of tagged fields. Throws WireError. */
export function skipTags(reader: Cursor): void {
  const count = reader.uvarint();
  for (let index = 0; index < count; index++) {
    reader.uvarint();
    reader.take(reader.uvarint());
  }
}

/**
 * Writes forward into growing memory. Large byte strings are kept by reference, so a Produce
 * request of a megabyte is not copied: `finish()` returns the pieces in order.
 */
export class Writer {
  #buffer: Buffer;
  #position = 0;
  #start = 0;
  #pieces: Buffer[] = [];
  #piecesBytes = 0;

  constructor(sizeHint = chunkBytesMin) {
    this.#buffer = Buffer.allocUnsafe(Math.max(sizeHint, chunkBytesMin));
  }

  /** Bytes written so far. */
  get size(): number {
    return this.#piecesBytes + this.#position - this.#start;
  }

  #reserve(size: number): number {
    const at = this.#position;
    if (at + size > this.#buffer.length) {
      const used = at - this.#start;
      const grown = Buffer.allocUnsafe(Math.max(2 * used, used + size, chunkBytesMin));
      this.#buffer.copy(grown, 0, this.#start, at);
      this.#buffer = grown;
      this.#start = 0;
      this.#position = used + size;
      return used;
    }
    this.#position = at + size;
    return at;
  }

  #uint8(value: number): void {
    const at = this.#reserve(1);
    this.#buffer[at] = value;
  }

  int8(value: number): void {
    inRange(value, -0x80, 0x7f);
    this.#uint8(value);
  }

  bool(value: boolean): void {
    this.#uint8(value ? 1 : 0);
  }

  int16(value: number): void {
    const at = this.#reserve(2);
    inRange(value, -0x8000, 0x7fff);
    this.#buffer.writeInt16BE(value, at);
  }

  uint16(value: number): void {
    const at = this.#reserve(2);
    inRange(value, 0, 0xffff);
    this.#buffer.writeUInt16BE(value, at);
  }

  int32(value: number): void {
    const at = this.#reserve(4);
    inRange(value, -0x80000000, 0x7fffffff);
    this.#buffer.writeInt32BE(value, at);
  }

  uint32(value: number): void {
    const at = this.#reserve(4);
    inRange(value, 0, 0xffffffff);
    this.#buffer.writeUInt32BE(value, at);
  }

  int64(value: bigint): void {
    const at = this.#reserve(8);
    if (BigInt.asIntN(64, value) !== value) throw new WireError(`${value} is no int64`);
    this.#buffer.writeBigInt64BE(value, at);
  }

  float64(value: number): void {
    const at = this.#reserve(8);
    this.#buffer.writeDoubleBE(value, at);
  }

  uvarint(value: number): void {
    inRange(value, 0, 0xffffffff);
    let rest = value;
    while (rest >= 0x80) {
      this.#uint8((rest & 0x7f) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.#uint8(rest);
  }

  varint(value: number): void {
    inRange(value, -0x80000000, 0x7fffffff);
    this.uvarint(((value << 1) ^ (value >> 31)) >>> 0);
  }

  varlong(value: bigint): void {
    if (BigInt.asIntN(64, value) !== value) throw new WireError(`${value} is no int64`);
    let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
    while (rest >= 0x80n) {
      this.#uint8(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.#uint8(Number(rest));
  }

  uuid(value: string): void {
    const at = this.#reserve(16);
    const bytes = Buffer.from(value, 'base64url');
    if (bytes.length !== 16) throw new WireError(`${value} is no UUID`);
    bytes.copy(this.#buffer, at);
  }

  /** UTF-8 of known byte length, without a length prefix. */
  string(value: string, size: number): void {
    const at = this.#reserve(size);
    this.#buffer.write(value, at, size, 'utf8');
  }

  bytes(value: Buffer): void {
    if (value.length < referencedBytesMin) {
      const at = this.#reserve(value.length);
      value.copy(this.#buffer, at);
      return;
    }
    this.#cut();
    this.#pieces.push(value);
    this.#piecesBytes += value.length;
  }

  #cut(): void {
    if (this.#position === this.#start) return;
    const piece = this.#buffer.subarray(this.#start, this.#position);
    this.#pieces.push(piece);
    this.#piecesBytes += piece.length;
    this.#start = this.#position;
  }

  /** The pieces of the message, in order. */
  finish(): Buffer[] {
    this.#cut();
    return this.#pieces;
  }

  toBuffer(): Buffer {
    const pieces = this.finish();
    return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces, this.#piecesBytes);
  }
}

function inRange(value: number, min: number, max: number): void {
  if (!(Number.isInteger(value) && value >= min && value <= max)) {
    throw new WireError(`${value} is no integer from ${min} to ${max}`);
  }
}
