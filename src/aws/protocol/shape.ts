/**
 * Shapes of requests and responses as data. A shape reads a decoded body (JSON or CBOR) into
 * typed values, checks AWS's constraints with AWS's own sentences, and writes values back.
 * Source of types and constraints: the service models of AWS.
 *
 * Inside the gateway a timestamp is a number of milliseconds since the epoch, a blob is a
 * Buffer; on the wire they are seconds with a fraction and base64 (JSON), or whole milliseconds
 * and byte strings (CBOR).
 */
import { Base64Reader } from './base64.ts';
import { SerializationError } from './errors.ts';
import {
  booleanIn,
  type TimestampFormat,
  timestampIn,
  timestampText,
  wholeNumberIn,
} from './text.ts';

/** Of bodies. */
export type Format = 'json' | 'cbor';

/** How the values that are read stand on the wire. */
export type Source = {
  /** `text`: every scalar is a string, as in forms, queries and headers. */
  readonly format: Format | 'text';
  readonly base64: Base64Reader;
  /** How timestamps stand in text, where their shape does not say. */
  readonly timestamps: TimestampFormat;
};

const unshared = new Base64Reader(0);
export const jsonSource: Source = {
  format: 'json',
  base64: unshared,
  timestamps: 'epoch-seconds',
};
export const cborSource: Source = { ...jsonSource, format: 'cbor' };
export const textSource: Source = { ...jsonSource, format: 'text', timestamps: 'date-time' };

export type ShapeKind =
  | 'string'
  | 'integer'
  | 'long'
  | 'boolean'
  | 'timestamp'
  | 'blob'
  | 'list'
  | 'map'
  | 'structure'
  | 'eventStream';

export type Constraints = {
  /** Smallest length (strings in characters, blobs in bytes, lists, maps) or value. */
  readonly min?: number;
  readonly max?: number;
  /** As AWS prints it; the whole string must match. */
  readonly pattern?: string;
  /** In the order in which AWS prints them. */
  readonly values?: readonly string[];
};

export type Shape<T> = {
  readonly kind: ShapeKind;
  readonly constraints: Constraints;
  /** Members of a structure; `key` and `member` of a map; `member` of a list. */
  readonly members: Readonly<Record<string, Shape<unknown>>>;
  readonly required?: boolean;
  /** Of a timestamp; that of the place where it stands, where absent. */
  readonly timestampFormat?: TimestampFormat;
  /** Errors: SerializationError where the value is not of this type. */
  read(value: unknown, from: Source): T;
  /** Adds a sentence for every constraint that the value breaks. */
  check(value: T, path: string, found: string[]): void;
  write(value: T, format: Format): unknown;
  /** The value as AWS prints it in validation messages. */
  show(value: T): string;
};

export type RequiredShape<T> = Shape<T> & { readonly required: true };
export type ValueOf<S> = S extends Shape<infer T> ? T : never;

export type Members = { readonly [name: string]: Shape<unknown> };
type RequiredNames<M extends Members> = {
  [K in keyof M]: M[K] extends { readonly required: true } ? K : never;
}[keyof M];
export type StructureValue<M extends Members> = {
  readonly [K in RequiredNames<M>]: ValueOf<M[K]>;
} & {
  readonly [K in Exclude<keyof M, RequiredNames<M>>]?: ValueOf<M[K]> | undefined;
};

/** AWS stops listing after this many. */
export const validationErrorsMax = 10;

const integerMax = 2_147_483_647;
const integerMin = -2_147_483_648;
const noMembers: Members = {};

/** Marks a member that AWS requires: its absence is a validation error. */
export function required<T>(shape: Shape<T>): RequiredShape<T> {
  return { ...shape, required: true };
}

export function string<const V extends string = string>(
  constraints: Omit<Constraints, 'values'> & { readonly values?: readonly V[] } = {},
): Shape<V> {
  return scalar<V>('string', constraints, {
    read: (value) => readString(value) as V,
    write: (value) => value,
    rules: stringRules(constraints),
  });
}

export function integer(constraints: Constraints = {}): Shape<number> {
  return scalar('integer', constraints, {
    read: (value, from) => {
      const whole = readNumber(value, 'Integer', from);
      return Math.max(integerMin, Math.min(integerMax, Math.trunc(whole)));
    },
    write: (value) => value,
    rules: valueRules(constraints),
  });
}

export function long(constraints: Constraints = {}): Shape<number> {
  return scalar('long', constraints, {
    read: (value, from) => Math.trunc(readNumber(value, 'Long', from)),
    write: writeWhole,
    rules: valueRules(constraints),
  });
}

const booleanWords: Readonly<Record<string, boolean>> = {
  TRUE: true,
  YES: true,
  '1': true,
  FALSE: false,
  NO: false,
  '0': false,
};

export function boolean(): Shape<boolean> {
  return scalar('boolean', {}, { read: readBoolean, write: (value) => value, rules: [] });
}

/** Milliseconds since the epoch inside the gateway. */
export function timestamp(timestampFormat?: TimestampFormat): Shape<number> {
  const shape = scalar<number>(
    'timestamp',
    {},
    {
      read: (value, from) => readTimestamp(value, from, timestampFormat),
      write: (value, format) => writeTimestamp(value, format, timestampFormat),
      rules: [],
    },
  );
  return timestampFormat === undefined ? shape : { ...shape, timestampFormat };
}

export function blob(constraints: Constraints = {}): Shape<Buffer> {
  return scalar('blob', constraints, {
    read: readBlob,
    write: (value, format) => (format === 'json' ? value.toString('base64') : value),
    rules: lengthRules<Buffer>(constraints, (value) => value.length),
    show: (value) => `java.nio.HeapByteBuffer[pos=0 lim=${value.length} cap=${value.length}]`,
  });
}

export function list<T>(member: Shape<T>, constraints: Constraints = {}): Shape<readonly T[]> {
  const rules = lengthRules<readonly T[]>(constraints, (value) => value.length);
  const nested = member.kind === 'structure';
  const memberRule = nested ? undefined : constraintList(member.constraints);
  return {
    kind: 'list',
    constraints,
    members: { member },
    read(value, from) {
      if (!Array.isArray(value)) throw unexpected(value, 'list');
      const items: T[] = [];
      // A null stays in its place, so that the check can name it.
      for (const item of value) items.push(isNull(item) ? item : member.read(item, from));
      return items;
    },
    check(value, path, found) {
      applyRules(rules, value, path, found, this.show);
      if (memberRule !== undefined && value.some((item) => breaks(member, item))) {
        complain(found, path, this.show(value), `Member must satisfy constraint: ${memberRule}`);
      }
      if (!nested) return;
      for (let i = 0; i < value.length && found.length < validationErrorsMax; i += 1) {
        const item = value[i] as T;
        const at = `${path}.${i + 1}.member`;
        if (isNull(item)) complain(found, at, null, 'Member must not be null');
        else member.check(item, at, found);
      }
    },
    write: (value, format) => value.map((item) => member.write(item, format)),
    show: (value) => `[${value.map((item) => shownIn(member, item)).join(', ')}]`,
  };
}

export function map<T>(
  key: Shape<string>,
  member: Shape<T>,
  constraints: Constraints = {},
): Shape<Readonly<Record<string, T>>> {
  const rules = lengthRules<Readonly<Record<string, T>>>(
    constraints,
    (value) => Object.keys(value).length,
  );
  const keyRule = constraintList(key.constraints);
  const valueRule = constraintList(member.constraints);
  return {
    kind: 'map',
    constraints,
    members: { key: key as Shape<unknown>, member: member as Shape<unknown> },
    read(value, from) {
      if (!isPlainObject(value)) throw unexpected(value, 'map');
      // fromEntries defines properties, so that no key of a client touches a prototype.
      return Object.fromEntries(
        Object.entries(value).map(([name, item]) => [
          name,
          isNull(item) ? item : member.read(item, from),
        ]),
      );
    },
    check(value, path, found) {
      applyRules(rules, value, path, found, this.show);
      const keyBreaks = Object.keys(value).some((name) => breaks(key, name));
      if (keyBreaks) {
        complain(found, path, this.show(value), `Map keys must satisfy constraint: ${keyRule}`);
      }
      const valueBreaks = Object.values(value).some((item) => breaks(member, item));
      if (valueBreaks) {
        complain(found, path, this.show(value), `Map value must satisfy constraint: ${valueRule}`);
      }
    },
    write: (value, format) =>
      Object.fromEntries(
        Object.entries(value).map(([name, item]) => [name, member.write(item, format)]),
      ),
    show(value) {
      const entries = Object.entries(value).map(
        ([name, item]) => `${name}=${shownIn(member, item)}`,
      );
      return `{${entries.join(', ')}}`;
    },
  };
}

/** `className` is what AWS prints for a value of it inside a list's validation message. */
export function structure<M extends Members>(
  members: M,
  className = 'Structure',
): Shape<StructureValue<M>> {
  const entries = Object.entries(members).map(([name, shape]) => ({
    name,
    shape,
    wireName: name[0]?.toLowerCase() + name.slice(1),
  }));
  type Value = StructureValue<M>;
  const shown = `${className}@${hashOf(className)}`;
  return {
    kind: 'structure',
    constraints: {},
    members,
    read(value, from) {
      if (!isPlainObject(value)) throw unexpected(value, 'structure');
      const result: Record<string, unknown> = {};
      for (const { name, shape } of entries) {
        const item = value[name];
        if (!isNull(item) && Object.hasOwn(value, name)) {
          result[name] = shape.read(item, from);
        }
      }
      return result as Value;
    },
    check(value, path, found) {
      const items = value as Record<string, unknown>;
      for (const { name, shape, wireName } of entries) {
        if (found.length >= validationErrorsMax) return;
        const item = items[name];
        const at = path === '' ? wireName : `${path}.${wireName}`;
        if (item !== undefined) shape.check(item, at, found);
        else if (shape.required === true) complain(found, at, null, 'Member must not be null');
      }
    },
    write(value, format) {
      const items = value as Record<string, unknown>;
      const result: Record<string, unknown> = {};
      for (const { name, shape } of entries) {
        const item = items[name];
        if (!isNull(item)) result[name] = shape.write(item, format);
      }
      return result;
    },
    show: () => shown,
  };
}

/**
 * The output member that is a stream of events: each is `{ [event name]: value }`, written as
 * one frame of `application/vnd.amazon.eventstream`.
 */
export function eventStream<M extends Members>(
  events: M,
): Shape<AsyncIterable<Partial<StructureValue<M>>>> {
  return {
    kind: 'eventStream',
    constraints: {},
    members: events,
    read() {
      throw new Error('an event stream is an output, never an input');
    },
    check() {},
    write: (value) => value,
    show: () => 'EventStream',
  };
}

/** AWS's message for the constraints that the value breaks, or undefined when it breaks none. */
export function validationMessage<T>(shape: Shape<T>, value: T): string | undefined {
  const found: string[] = [];
  shape.check(value, '', found);
  if (found.length === 0) return undefined;
  const listed = found.slice(0, validationErrorsMax);
  const noun = listed.length === 1 ? 'validation error' : 'validation errors';
  return `${listed.length} ${noun} detected: ${listed.join('; ')}`;
}

type Rule<T> = { readonly sentence: string; readonly holds: (value: T) => boolean };

function scalar<T>(
  kind: ShapeKind,
  constraints: Constraints,
  how: {
    read: (value: unknown, from: Source) => T;
    write: (value: T, format: Format) => unknown;
    rules: readonly Rule<T>[];
    show?: (value: T) => string;
  },
): Shape<T> {
  const show = how.show ?? String;
  return {
    kind,
    constraints,
    members: noMembers,
    read: how.read,
    write: how.write,
    check: (value, path, found) => applyRules(how.rules, value, path, found, show),
    show,
  };
}

function applyRules<T>(
  rules: readonly Rule<T>[],
  value: T,
  path: string,
  found: string[],
  show: (value: T) => string,
): void {
  for (const rule of rules) {
    if (!rule.holds(value)) complain(found, path, show(value), rule.sentence);
  }
}

function complain(found: string[], path: string, shown: string | null, sentence: string): void {
  const value = shown === null ? 'null' : `'${shown}'`;
  found.push(`Value ${value} at '${path}' failed to satisfy constraint: ${sentence}`);
}

function isNull(value: unknown): value is never {
  return value === null || value === undefined;
}

function shownIn<T>(shape: Shape<T>, value: T): string {
  return isNull(value) ? 'null' : shape.show(value);
}

/** A member's own constraints; null in a list or a map breaks every one. */
function breaks<T>(shape: Shape<T>, value: T): boolean {
  if (isNull(value)) return true;
  const found: string[] = [];
  shape.check(value, '', found);
  return found.length > 0;
}

function stringRules<V extends string>(constraints: Constraints): Rule<V>[] {
  const rules: Rule<V>[] = [];
  const { pattern, values } = constraints;
  if (pattern !== undefined) {
    const expression = new RegExp(`^(?:${pattern})$`, 'u');
    rules.push({ sentence: patternSentence(pattern), holds: (value) => expression.test(value) });
  }
  rules.push(...lengthRules<V>(constraints, (value) => value.length));
  if (values !== undefined) {
    const known = new Set<string>(values);
    rules.push({ sentence: valuesSentence(values), holds: (value) => known.has(value) });
  }
  return rules;
}

function lengthRules<T>({ min, max }: Constraints, lengthOf: (value: T) => number): Rule<T>[] {
  const rules: Rule<T>[] = [];
  if (min !== undefined && min > 0) {
    rules.push({ sentence: lengthSentence('greater', min), holds: (v) => lengthOf(v) >= min });
  }
  if (max !== undefined) {
    rules.push({ sentence: lengthSentence('less', max), holds: (v) => lengthOf(v) <= max });
  }
  return rules;
}

function valueRules({ min, max }: Constraints): Rule<number>[] {
  const rules: Rule<number>[] = [];
  if (min !== undefined) {
    rules.push({ sentence: valueSentence('greater', min), holds: (value) => value >= min });
  }
  if (max !== undefined) {
    rules.push({ sentence: valueSentence('less', max), holds: (value) => value <= max });
  }
  return rules;
}

/** The constraints of a list's members or a map's keys, as AWS prints them together. */
function constraintList({ min, max, pattern, values }: Constraints): string {
  const sentences: string[] = [];
  if (max !== undefined) sentences.push(lengthSentence('less', max));
  if (min !== undefined) sentences.push(lengthSentence('greater', min));
  if (pattern !== undefined) sentences.push(patternSentence(pattern));
  if (values !== undefined) sentences.push(valuesSentence(values));
  if (sentences.length === 0) sentences.push('Member must not be null');
  return `[${sentences.join(', ')}]`;
}

function lengthSentence(word: 'greater' | 'less', bound: number): string {
  return `Member must have length ${word} than or equal to ${bound}`;
}

function valueSentence(word: 'greater' | 'less', bound: number): string {
  return `Member must have value ${word} than or equal to ${bound}`;
}

function patternSentence(pattern: string): string {
  return `Member must satisfy regular expression pattern: ${pattern}`;
}

function valuesSentence(values: readonly string[]): string {
  return `Member must satisfy enum value set: [${values.join(', ')}]`;
}

function readString(value: unknown): string {
  if (typeof value === 'string') return value;
  throw notConvertible(value, 'an String');
}

function readNumber(value: unknown, typeName: 'Integer' | 'Long', from: Source): number {
  if (typeof value === 'number') return Number.isNaN(value) ? 0 : value;
  if (from.format === 'text' && typeof value === 'string') return wholeNumberIn(value);
  throw notConvertible(value, `an ${typeName}`);
}

function readBoolean(value: unknown, from: Source): boolean {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'string') {
    if (from.format === 'text') return booleanIn(value);
    const word = value.toUpperCase();
    const known = Object.hasOwn(booleanWords, word) ? booleanWords[word] : undefined;
    if (known !== undefined) return known;
    throw new SerializationError(`'${word}' can not be converted to an Boolean`);
  }
  throw notConvertible(value, 'an Boolean');
}

function readTimestamp(
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

function writeTimestamp(
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

function readBlob(value: unknown, from: Source): Buffer {
  if (typeof value === 'string') return from.base64.read(value);
  if (from.format === 'cbor' && value instanceof Uint8Array) {
    return Buffer.isBuffer(value)
      ? value
      : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  }
  throw notConvertible(value, 'a Blob');
}

/** A whole number as CBOR writes it: Java's readers do not take a float for a long. */
function writeWhole(value: number, format: Format): number | bigint {
  const whole = Math.trunc(value);
  return format === 'json' || Math.abs(whole) <= integerMax ? whole : BigInt(whole);
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
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

function unexpected(value: unknown, wanted: 'list' | 'map' | 'structure'): SerializationError {
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

/** A stable stand-in for the identity hash that Java prints. */
function hashOf(text: string): string {
  let hash = 0;
  for (const character of text) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
  return hash.toString(16);
}
