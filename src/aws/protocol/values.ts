/**
 * Converts single values between decoded and internal form. Error messages are AWS's sentences.
 */
import { SerializationError } from './errors.ts';
import type { Format, Source } from './source.ts';
import {
  booleanIn,
  type TimestampFormat,
  timestampIn,
  timestampText,
  wholeNumberIn,
} from './text.ts';

const integerMax = 2_147_483_647;
const integerMin = -2_147_483_648;
const longEnd = 2 ** 63;
const booleanWords: Readonly<Record<string, boolean>> = {
  TRUE: true,
  YES: true,
  '1': true,
  FALSE: false,
  NO: false,
  '0': false,
};

export function isNull(value: unknown): value is never {
  return value === null || value === undefined;
}

/**
 * An element of a list or a map. Errors: as the member's; SerializationError for null if it is
 * refused.
 */
export function readItem<T>(
  item: unknown,
  member: { read(value: unknown, from: Source): T },
  from: Source,
): T {
  if (!isNull(item)) return member.read(item, from);
  const isNullInJson = from.isStrict && from.format === 'json';
  if (isNullInJson) throw new SerializationError('null found where not expected');
  // It keeps its place, so that validation can name it.
  return item;
}

export function readString(value: unknown): string {
  if (typeof value === 'string') return value;
  throw notConvertible(value, 'an String');
}

export function readInteger(value: unknown, from: Source): number {
  const whole = readNumber(value, 'Integer', from);
  if (from.isStrict && (whole > integerMax || whole < integerMin)) throw outOfRange(whole);
  return Math.max(integerMin, Math.min(integerMax, whole));
}

export function readLong(value: unknown, from: Source): number {
  const whole = readNumber(value, 'Long', from);
  if (from.isStrict && (whole >= longEnd || whole < -longEnd)) throw outOfRange(whole);
  return whole;
}

function readNumber(value: unknown, typeName: 'Integer' | 'Long', from: Source): number {
  if (typeof value === 'number') {
    if (from.isStrict && !Number.isInteger(value)) throw notConvertible(value, `an ${typeName}`);
    return Number.isNaN(value) ? 0 : Math.trunc(value);
  }
  if (from.format === 'text' && typeof value === 'string') return wholeNumberIn(value);
  throw notConvertible(value, `an ${typeName}`);
}

function outOfRange(value: number): SerializationError {
  return new SerializationError(`${value} is out of range`);
}

export function readBoolean(value: unknown, from: Source): boolean {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'string') {
    if (from.format === 'text') return booleanIn(value);
    if (from.isStrict) throw notConvertible(value, 'an Boolean');
    const word = value.toUpperCase();
    const known = Object.hasOwn(booleanWords, word) ? booleanWords[word] : undefined;
    if (known !== undefined) return known;
    throw new SerializationError(`'${word}' can not be converted to an Boolean`);
  }
  throw notConvertible(value, 'an Boolean');
}

export function readTimestamp(
  value: unknown,
  from: Source,
  own: TimestampFormat = from.timestamps,
): number {
  if (from.format === 'cbor' || own === 'epoch-seconds') {
    if (typeof value === 'number') return checkedMs(from.format === 'cbor' ? value : value * 1000);
    if (from.format !== 'text') throw notConvertible(value, 'milliseconds since epoch');
  }
  if (typeof value === 'string') return timestampIn(value, own);
  throw notConvertible(value, 'a timestamp');
}

export function writeTimestamp(
  value: number,
  format: Format,
  own: TimestampFormat = 'epoch-seconds',
): unknown {
  if (format === 'cbor') return writeWhole(value, format);
  return own === 'epoch-seconds' ? value / 1000 : timestampText(value, own);
}

function checkedMs(ms: number): number {
  if (!Number.isFinite(ms)) {
    throw new SerializationError('Timestamp is out of range');
  }
  return Math.round(ms);
}

export function readBlob(value: unknown, from: Source): Buffer {
  if (typeof value === 'string') return from.base64.read(value);
  if (from.format === 'cbor' && value instanceof Uint8Array) {
    return Buffer.isBuffer(value)
      ? value
      : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  }
  throw notConvertible(value, 'a Blob');
}

/** A whole number for CBOR: Java's readers do not accept a float as a long. */
export function writeWhole(value: number, format: Format): number | bigint {
  const whole = Math.trunc(value);
  return format === 'json' || Math.abs(whole) <= integerMax ? whole : BigInt(whole);
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function notConvertible(value: unknown, target: string): SerializationError {
  if (typeof value === 'boolean') return cannotConvert('java.lang.Boolean', target);
  if (typeof value === 'string') return cannotConvert('java.lang.String', target);
  if (typeof value === 'number') {
    return cannotConvert('com.amazon.coral.value.json.numbers.TruncatingBigNumber', target);
  }
  if (value instanceof Uint8Array) return cannotConvert('java.nio.HeapByteBuffer', target);
  if (Array.isArray(value)) return new SerializationError('Start of list found where not expected');
  return new SerializationError('Start of structure or map found where not expected.');
}

function cannotConvert(javaClass: string, target: string): SerializationError {
  return new SerializationError(`class ${javaClass} can not be converted to ${target}`);
}

export function unexpected(
  value: unknown,
  wanted: 'list' | 'map' | 'structure',
): SerializationError {
  if (Array.isArray(value)) return new SerializationError('Start of list found where not expected');
  if (typeof value === 'object' && !(value instanceof Uint8Array) && wanted === 'list') {
    return new SerializationError('Start of structure or map found where not expected.');
  }
  const words = {
    list: 'Expected list or null',
    map: 'Expected map or null',
    structure: 'Expected null',
  };
  return new SerializationError(words[wanted]);
}
