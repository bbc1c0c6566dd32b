/**
 * Shapes of requests and responses as data. A shape reads a decoded body (JSON or CBOR) into
 * typed values, checks AWS's constraints with AWS's own sentences, and writes values back.
 * Source of types and constraints: the service models of AWS.
 *
 * Within the gateway, a timestamp is a number of milliseconds since the epoch and a blob is a
 * Buffer; on the wire they are fractional seconds and base64 (JSON), or whole milliseconds and byte
 * strings (CBOR).
 */
import type { Readable } from 'node:stream';
import {
  applyRules,
  complain,
  constraintList,
  type Constraints,
  lengthRules,
  type Rule,
  stringRules,
  validationErrorsMax,
  valueRules,
  violationsMessage,
} from './constraints.ts';
import type { Format, Source } from './source.ts';
import type { TimestampFormat } from './text.ts';
import {
  isNull,
  isPlainObject,
  readBlob,
  readBoolean,
  readInteger,
  readItem,
  readLong,
  readString,
  readTimestamp,
  unexpected,
  writeTimestamp,
  writeWhole,
} from './values.ts';

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
  | 'stream'
  | 'eventStream';

/** Where a member is bound in HTTP, if it is not a member of the body. See http-bindings.ts. */
export type HttpBinding =
  | { readonly in: 'label' | 'queryParams' | 'status' }
  | { readonly in: 'query' | 'header' | 'prefixHeaders'; readonly name: string }
  | { readonly in: 'payload'; readonly mediaType?: string };

export type Shape<T> = {
  readonly kind: ShapeKind;
  readonly constraints: Constraints;
  /** Members of a structure; `key` and `member` of a map; `member` of a list. */
  readonly members: Readonly<Record<string, Shape<unknown>>>;
  readonly required?: boolean;
  /** The format of a timestamp; defaults to that of its place in the message. */
  readonly timestampFormat?: TimestampFormat;
  /** The name of a structure's member in JSON, if it differs. */
  readonly jsonName?: string;
  /** For members of inputs and outputs of REST-JSON. */
  readonly binding?: HttpBinding;
  /** Errors: SerializationError if the value does not have this type. */
  read(value: unknown, from: Source): T;
  /** Adds a sentence for every violated constraint. */
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

const noMembers: Members = {};

/** A member with a different name in JSON. */
export function jsonNamed<T>(name: string, shape: Shape<T>): Shape<T> {
  return { ...shape, jsonName: name };
}

/** Marks a required member: its absence is a validation error. */
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
    read: readInteger,
    write: (value) => value,
    rules: valueRules(constraints),
  });
}

export function long(constraints: Constraints = {}): Shape<number> {
  return scalar('long', constraints, {
    read: readLong,
    write: writeWhole,
    rules: valueRules(constraints),
  });
}

export function boolean(): Shape<boolean> {
  return scalar('boolean', {}, { read: readBoolean, write: (value) => value, rules: [] });
}

/** Milliseconds since the epoch within the gateway. */
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
      for (const item of value) items.push(readItem(item, member, from));
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
      // fromEntries defines properties, so a client's key cannot change a prototype.
      return Object.fromEntries(
        Object.entries(value).map(([name, item]) => [name, readItem(item, member, from)]),
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

/** `className` is the class that AWS prints for such a value in a list's validation message. */
export function structure<M extends Members>(
  members: M,
  className = 'Structure',
): Shape<StructureValue<M>> {
  const entries = Object.entries(members).map(([name, shape]) => ({
    name,
    shape,
    jsonName: shape.jsonName ?? name,
    shownName: name[0]?.toLowerCase() + name.slice(1),
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
      for (const { name, jsonName, shape } of entries) {
        const item = value[jsonName];
        if (!isNull(item) && Object.hasOwn(value, jsonName)) {
          result[name] = shape.read(item, from);
        }
      }
      return result as Value;
    },
    check(value, path, found) {
      const items = value as Record<string, unknown>;
      for (const { name, shape, shownName } of entries) {
        if (found.length >= validationErrorsMax) return;
        const item = items[name];
        const at = path === '' ? shownName : `${path}.${shownName}`;
        if (item !== undefined) shape.check(item, at, found);
        else if (shape.required === true) complain(found, at, null, 'Member must not be null');
      }
    },
    write(value, format) {
      const items = value as Record<string, unknown>;
      const result: Record<string, unknown> = {};
      for (const { name, jsonName, shape } of entries) {
        const item = items[name];
        if (!isNull(item)) result[jsonName] = shape.write(item, format);
      }
      return result;
    },
    show: () => shown,
  };
}

/** A payload of bytes that is streamed with back-pressure and never completely in memory. */
export function stream(): Shape<Readable> {
  return {
    kind: 'stream',
    constraints: {},
    members: noMembers,
    read() {
      throw new Error('a stream is the payload of a request, and is read from nothing else');
    },
    check() {},
    write: (value) => value,
    show: () => 'Stream',
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

/** AWS's message for the violated constraints, or undefined if there are none. */
export function validationMessage<T>(shape: Shape<T>, value: T): string | undefined {
  const found: string[] = [];
  shape.check(value, '', found);
  return found.length === 0 ? undefined : violationsMessage(found);
}

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

function shownIn<T>(shape: Shape<T>, value: T): string {
  return isNull(value) ? 'null' : shape.show(value);
}

/** A member's own constraints; null in a list or a map violates all of them. */
function breaks<T>(shape: Shape<T>, value: T): boolean {
  if (isNull(value)) return true;
  const found: string[] = [];
  shape.check(value, '', found);
  return found.length > 0;
}

/** A stable replacement for the identity hash that Java prints. */
function hashOf(text: string): string {
  let hash = 0;
  for (const character of text) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
  return hash.toString(16);
}
