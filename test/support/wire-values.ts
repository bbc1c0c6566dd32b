/**
 * Values for the message tables: for any table and version, arbitrary ones and the extremes. What a
 * table says of defaults and null is computed here independently, not taken from the interpreter.
 */
import * as fc from 'fast-check';
import { type Field, type Fields, type Message, uuidZero } from '../../src/wire/message.ts';
import { apiTables } from '../conformance/api-tables.ts';
import {
  consumerProtocolAssignment,
  consumerProtocolSubscription,
} from '../../src/wire/messages/consumer-protocol.ts';

export const allTables: readonly Message[] = [
  ...apiTables.flatMap(({ request, response }) => [request, response]),
  consumerProtocolSubscription as Message,
  consumerProtocolAssignment as Message,
];

export function versionsOf(table: Message): number[] {
  const count = table.versionMax - table.versionMin + 1;
  return Array.from({ length: count }, (_, index) => table.versionMin + index);
}

export function isIn(field: Field, version: number): boolean {
  const { since = 0, until = Infinity } = field.options;
  return version >= since && version <= until;
}

export function allowsNull(field: Field, version: number): boolean {
  const { nullable } = field.options;
  if (nullable === undefined) return false;
  const [from, to] = typeof nullable === 'number' ? [nullable, Infinity] : nullable;
  return version >= from && version <= to;
}

/** The value that a field has where a message does not carry it. */
export function defaultOf(field: Field): unknown {
  if (field.options.default !== undefined) return field.options.default;
  switch (field.kind) {
    case 'struct':
      return mapFields(field.fields!, (_, inner) => defaultOf(inner));
    case 'array':
      return [];
    case 'string':
      return '';
    case 'bytes':
      return Buffer.alloc(0);
    case 'records':
      return null;
    case 'bool':
      return false;
    case 'int64':
      return 0n;
    case 'uuid':
      return uuidZero;
    default:
      return 0;
  }
}

function mapFields<T>(fields: Fields, map: (name: string, field: Field) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(fields).map(([name, each]) => [name, map(name, each)]));
}

const int64Max = 2n ** 63n - 1n;
const ranges = {
  int8: [-0x80, 0x7f],
  int16: [-0x8000, 0x7fff],
  uint16: [0, 0xffff],
  int32: [-0x80000000, 0x7fffffff],
} as const;

const bytes = fc.uint8Array({ maxLength: 20 }).map((array) => Buffer.from(array));
const text = fc.string({ unit: 'binary', maxLength: 12 });

function arbitraryOfField(field: Field, version: number): fc.Arbitrary<unknown> {
  if (!isIn(field, version)) return fc.constant(defaultOf(field));
  const value = arbitraryOfKind(field, version);
  return allowsNull(field, version) ? fc.option(value, { freq: 4 }) : value;
}

function arbitraryOfKind(field: Field, version: number): fc.Arbitrary<unknown> {
  switch (field.kind) {
    case 'int8':
    case 'int16':
    case 'uint16':
    case 'int32': {
      const [min, max] = ranges[field.kind];
      return fc.integer({ min, max });
    }
    case 'int64':
      return fc.bigInt({ min: -int64Max - 1n, max: int64Max });
    case 'float64':
      return fc.double({ noNaN: true, noDefaultInfinity: true });
    case 'bool':
      return fc.boolean();
    case 'uuid':
      return fc
        .uint8Array({ minLength: 16, maxLength: 16 })
        .map((array) => Buffer.from(array).toString('base64url'));
    case 'string':
      return text;
    case 'bytes':
    case 'records':
      return bytes;
    case 'unread':
    case 'array':
      return fc.array(arbitraryOfKind(field.element!, version), { maxLength: 3 });
    case 'struct':
      return arbitraryOfStruct(field.fields!, version);
  }
}

function arbitraryOfStruct(fields: Fields, version: number): fc.Arbitrary<unknown> {
  const model = mapFields(fields, (_, field) => arbitraryOfField(field, version));
  return fc.record(model, { noNullPrototype: true });
}

/** Values of a table in a version, whole: fields that the version has not hold their default. */
export function arbitraryOf(
  table: Message,
  version: number,
): fc.Arbitrary<Record<string, unknown>> {
  return arbitraryOfStruct(table.fields, version) as fc.Arbitrary<Record<string, unknown>>;
}

export type Extreme = 'empty' | 'default' | 'min' | 'max';
export const extremes: readonly Extreme[] = ['empty', 'default', 'min', 'max'];

/**
 * The corner values. `empty` is null wherever null may be; `default` is what each field defaults
 * to, as far as the version may carry it, but arrays of structs have one such struct.
 */
export function extremeOf(table: Message, version: number, extreme: Extreme) {
  return extremeOfStruct(table.fields, version, extreme);
}

function extremeOfStruct(
  fields: Fields,
  version: number,
  extreme: Extreme,
): Record<string, unknown> {
  return mapFields(fields, (_, field) => extremeOfField(field, version, extreme));
}

function extremeOfField(field: Field, version: number, extreme: Extreme): unknown {
  const standard = defaultOf(field);
  if (!isIn(field, version)) return standard;
  const nullable = allowsNull(field, version);
  if (extreme === 'default' && field.element?.fields !== undefined) {
    return [extremeOfStruct(field.element.fields, version, extreme)];
  }
  if (extreme === 'default' && (standard !== null || nullable)) return standard;
  if (extreme === 'empty' && nullable) return null;
  return extremeOfKind(field, version, extreme);
}

function extremeOfKind(field: Field, version: number, extreme: Extreme): unknown {
  const most = extreme === 'max';
  switch (field.kind) {
    case 'int8':
    case 'int16':
    case 'uint16':
    case 'int32':
      return ranges[field.kind][most ? 1 : 0];
    case 'int64':
      return most ? int64Max : -int64Max - 1n;
    case 'float64':
      return most ? Number.MAX_VALUE : -Number.MIN_VALUE;
    case 'bool':
      return most;
    case 'uuid':
      return most ? '_'.repeat(21) + 'w' : uuidZero;
    case 'string':
      return most ? 'é€😀'.repeat(50) : '';
    case 'bytes':
    case 'records':
      return most ? Buffer.alloc(5_000, 0xff) : Buffer.alloc(0);
    case 'unread':
    case 'array': {
      const value = extremeOfKind(field.element!, version, extreme);
      return most ? [value, value] : extreme === 'min' ? [value] : [];
    }
    case 'struct':
      return extremeOfStruct(field.fields!, version, extreme);
  }
}
