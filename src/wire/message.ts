/**
 * Kafka messages as declarative tables, and the one interpreter that runs them.
 *
 * A table names each field once, with the versions it exists in; decode and encode work for every
 * version, in both directions, and the types of the values are inferred from the table. For each
 * version a plan is made once, on first use, that holds just the fields of that version.
 *
 * Source: the Kafka protocol guide; KIP-482 for flexible versions and tagged fields.
 */
import { Reader, WireError, Writer } from './primitives.ts';

export type FieldOptions<T> = {
  /** First and last version that has the field. */
  readonly since?: number;
  readonly until?: number;
  /** Null is allowed from this version on, or in this range of versions. */
  readonly nullable?: number | readonly [number, number];
  readonly default?: T | null;
  /** Number of the tag, for a field that is a tagged field. */
  readonly tag?: number;
};

type Kind =
  | 'int8'
  | 'bool'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'int64'
  | 'float64'
  | 'uuid'
  | 'string'
  | 'bytes'
  | 'records'
  | 'array'
  | 'struct';

/** One row of a table. T is the type of its value as decoded, I as accepted for encoding. */
export type Field<T = unknown, I = T> = {
  readonly kind: Kind;
  readonly options: FieldOptions<unknown>;
  /** The element's field, for arrays. */
  readonly element?: Field;
  /** The fields, for structs. */
  readonly fields?: Fields;
  readonly value?: T;
  readonly input?: I;
};

export type Fields = { readonly [name: string]: Field };

/** What decode gives: every field of the table, absent ones with their default. */
export type Decoded<F extends Fields> = {
  -readonly [K in keyof F]: F[K] extends Field<infer T, infer _> ? T : never;
};
/** What encode takes: fields left out get their default. */
export type Input<F extends Fields> = {
  readonly [K in keyof F]?: F[K] extends Field<infer _, infer I> ? I | undefined : never;
};

type Nullable<O, T> = O extends { readonly nullable: unknown } ? T | null : T;

function scalar<T>(kind: Kind) {
  return <const O extends FieldOptions<T> = Record<never, never>>(
    options?: O,
  ): Field<Nullable<O, T>> => ({ kind, options: options ?? {} });
}

export const int8 = scalar<number>('int8');
export const bool = scalar<boolean>('bool');
export const int16 = scalar<number>('int16');
export const uint16 = scalar<number>('uint16');
export const int32 = scalar<number>('int32');
export const int64 = scalar<bigint>('int64');
export const float64 = scalar<number>('float64');
/** base64url text, as Kafka prints it; the zero UUID is the default. */
export const uuid = scalar<string>('uuid');
export const string = scalar<string>('string');
export const bytes = scalar<Buffer>('bytes');
/** Record batches, left as bytes: see record-batch.ts. */
export const records = scalar<Buffer>('records');

export const uuidZero = 'AAAAAAAAAAAAAAAAAAAAAA';

type ArrayOptions = Omit<FieldOptions<never>, 'default'> & { readonly default?: null };

/** An array of structs. */
export function array<const F extends Fields, const O extends ArrayOptions = Record<never, never>>(
  fields: F,
  options?: O,
): Field<Nullable<O, Decoded<F>[]>, Nullable<O, readonly Input<F>[]>> {
  return { kind: 'array', options: options ?? {}, element: struct(fields) as Field };
}

/** An array of anything else. */
export function arrayOf<T, const O extends ArrayOptions = Record<never, never>>(
  element: Field<T>,
  options?: O,
): Field<Nullable<O, T[]>, Nullable<O, readonly T[]>> {
  return { kind: 'array', options: options ?? {}, element };
}

export function struct<const F extends Fields, const O extends ArrayOptions = Record<never, never>>(
  fields: F,
  options?: O,
): Field<Nullable<O, Decoded<F>>, Nullable<O, Input<F>>> {
  return { kind: 'struct', options: options ?? {}, fields };
}

export type MessageOptions = {
  /** API key; absent for data that is no request or response. */
  readonly key?: number;
  readonly versions: readonly [min: number, max: number];
  /** First version with compact forms and tagged fields; absent when there is none. */
  readonly flexible?: number;
  /** First version that is not yet stable, and that no broker enables by default. */
  readonly unstable?: number;
};

export type Message<F extends Fields = Fields> = {
  readonly name: string;
  readonly key: number;
  readonly versionMin: number;
  readonly versionMax: number;
  readonly flexibleSince: number;
  readonly unstableSince: number;
  readonly fields: F;
  /** Plans by version, made on first use. */
  readonly plans: (Plan | undefined)[];
};

export type ValueOf<M> = M extends Message<infer F> ? Decoded<F> : never;
export type InputOf<M> = M extends Message<infer F> ? Input<F> : never;

export function message<const F extends Fields>(
  name: string,
  options: MessageOptions,
  fields: F,
): Message<F> {
  return {
    name,
    key: options.key ?? -1,
    versionMin: options.versions[0],
    versionMax: options.versions[1],
    flexibleSince: options.flexible ?? Infinity,
    unstableSince: options.unstable ?? Infinity,
    fields,
    plans: [],
  };
}

export function isFlexible(table: Message, version: number): boolean {
  return version >= table.flexibleSince;
}

/** Tagged fields that the table does not know, kept so that encoding gives them back. */
export const unknownTags: unique symbol = Symbol('unknownTags');
type UnknownTag = { readonly tag: number; readonly bytes: Buffer };
type Struct = { [name: string]: unknown; [unknownTags]?: UnknownTag[] };

type Codec = {
  read(reader: Reader): unknown;
  write(writer: Writer, value: unknown): void;
  /** The smallest number of bytes that a value takes; bounds the length of arrays. */
  readonly sizeMin: number;
};

type PlannedField = Codec & {
  readonly name: string;
  /** −1 for a regular field. */
  readonly tag: number;
  readonly makeDefault: () => unknown;
  readonly isDefault: (value: unknown) => boolean;
};

/** The fields of one struct in one version. */
type Plan = {
  readonly regular: readonly PlannedField[];
  readonly tagged: readonly PlannedField[];
  /** Fields that the version has not; decode gives their default. */
  readonly absent: readonly PlannedField[];
  readonly flexible: boolean;
  readonly sizeMin: number;
};

function planOf(table: Message, version: number): Plan {
  const known = table.plans[version];
  if (known !== undefined) return known;
  if (!(version >= table.versionMin && version <= table.versionMax)) {
    throw new WireError(`${table.name} has no version ${version}`);
  }
  const plan = planStruct(table.fields, version, isFlexible(table, version));
  table.plans[version] = plan;
  return plan;
}

function planStruct(fields: Fields, version: number, flexible: boolean): Plan {
  const regular: PlannedField[] = [];
  const tagged: PlannedField[] = [];
  const absent: PlannedField[] = [];
  for (const [name, field] of Object.entries(fields)) {
    const { since = 0, until = Infinity, tag } = field.options;
    const planned = planField(name, field, version, flexible);
    if (version < since || version > until) absent.push(planned);
    else if (tag !== undefined) tagged.push(planned);
    else regular.push(planned);
  }
  tagged.sort((a, b) => a.tag - b.tag);
  const sizeMin = regular.reduce((sum, field) => sum + field.sizeMin, flexible ? 1 : 0);
  return { regular, tagged, absent, flexible, sizeMin };
}

function planField(name: string, field: Field, version: number, flexible: boolean): PlannedField {
  const nullable = isNullable(field, version);
  return {
    ...codecOf(field, version, flexible, nullable),
    name,
    tag: field.options.tag ?? -1,
    makeDefault: defaultOf(field, version, flexible),
    isDefault: defaultTest(field),
  };
}

function isNullable(field: Field, version: number): boolean {
  const range = field.options.nullable;
  if (range === undefined) return false;
  return typeof range === 'number' ? version >= range : version >= range[0] && version <= range[1];
}

const noBytes = Buffer.alloc(0);

function defaultOf(field: Field, version: number, flexible: boolean): () => unknown {
  const given = field.options.default;
  if (given !== undefined) return () => given;
  switch (field.kind) {
    case 'struct': {
      let plan: Plan | undefined;
      return () => {
        plan ??= planStruct(field.fields!, version, flexible);
        return defaultStruct(plan);
      };
    }
    case 'array':
      return () => [];
    case 'string':
      return () => '';
    case 'bool':
      return () => false;
    case 'int64':
      return () => 0n;
    case 'uuid':
      return () => uuidZero;
    case 'bytes':
      return () => noBytes;
    case 'records':
      return () => null;
    default:
      return () => 0;
  }
}

function defaultStruct(plan: Plan): Struct {
  const value: Struct = {};
  for (const field of plan.regular) value[field.name] = field.makeDefault();
  for (const field of plan.tagged) value[field.name] = field.makeDefault();
  for (const field of plan.absent) value[field.name] = field.makeDefault();
  return value;
}

/** A tagged field that holds its default is not written. */
function defaultTest(field: Field): (value: unknown) => boolean {
  const given = field.options.default;
  if (given === null) return (value) => value === null;
  if (field.kind === 'array') return (value) => value !== null && (value as []).length === 0;
  if (field.kind === 'bytes') return (value) => value !== null && (value as Buffer).length === 0;
  if (field.kind === 'struct') {
    const tests = Object.entries(field.fields!).map(
      ([name, inner]) => [name, defaultTest(inner)] as const,
    );
    return (value) =>
      value !== null &&
      tests.every(([name, test]) => {
        const inner = (value as Struct)[name];
        return inner === undefined || test(inner);
      });
  }
  const standard = defaultOf(field, 0, false)();
  return (value) => value === standard;
}

function codecOf(field: Field, version: number, flexible: boolean, nullable: boolean): Codec {
  switch (field.kind) {
    case 'array':
      return arrayCodec(field.element!, version, flexible, nullable);
    case 'struct':
      return structCodec(field.fields!, version, flexible, nullable);
    case 'string':
      return stringCodec(flexible, nullable);
    case 'bytes':
    case 'records':
      return bytesCodec(flexible, nullable);
    default:
      return scalarCodecs[field.kind];
  }
}

function scalarCodec<T>(
  sizeMin: number,
  read: (reader: Reader) => T,
  write: (writer: Writer, value: T) => void,
): Codec {
  return { sizeMin, read, write: write as Codec['write'] };
}

const scalarCodecs: Record<
  'int8' | 'bool' | 'int16' | 'uint16' | 'int32' | 'int64' | 'float64' | 'uuid',
  Codec
> = {
  int8: scalarCodec(
    1,
    (reader) => reader.int8(),
    (writer, value) => writer.int8(value),
  ),
  bool: scalarCodec(
    1,
    (reader) => reader.bool(),
    (writer, value) => writer.bool(value),
  ),
  int16: scalarCodec(
    2,
    (reader) => reader.int16(),
    (writer, value) => writer.int16(value),
  ),
  uint16: scalarCodec(
    2,
    (reader) => reader.uint16(),
    (writer, value) => writer.uint16(value),
  ),
  int32: scalarCodec(
    4,
    (reader) => reader.int32(),
    (writer, value) => writer.int32(value),
  ),
  int64: scalarCodec(
    8,
    (reader) => reader.int64(),
    (writer, value) => writer.int64(value),
  ),
  float64: scalarCodec(
    8,
    (reader) => reader.float64(),
    (writer, value) => writer.float64(value),
  ),
  uuid: scalarCodec(
    16,
    (reader) => reader.uuid(),
    (writer, value) => writer.uuid(value),
  ),
};

/** Reads the length that stands before a value; −1 for null. */
type ReadLength = (reader: Reader) => number;
const compactLength: ReadLength = (reader) => reader.uvarint() - 1;
const shortLength: ReadLength = (reader) => reader.int16();
const intLength: ReadLength = (reader) => reader.int32();

const stringBytesMax = 0x7fff;

function stringCodec(flexible: boolean, nullable: boolean): Codec {
  const readLength = flexible ? compactLength : shortLength;
  return {
    sizeMin: flexible ? 1 : 2,
    read(reader) {
      const length = readLength(reader);
      if (length >= 0) {
        if (length > stringBytesMax) throw new WireError(`string of ${length} bytes`);
        return reader.string(length);
      }
      return nullRead(length, nullable);
    },
    write(writer, value) {
      if (value === null) return nullWrite(writer, flexible, nullable, 'short');
      const text = value as string;
      const size = Buffer.byteLength(text);
      if (size > stringBytesMax) throw new WireError(`string of ${size} bytes`);
      if (flexible) writer.uvarint(size + 1);
      else writer.int16(size);
      writer.string(text, size);
    },
  };
}

function bytesCodec(flexible: boolean, nullable: boolean): Codec {
  const readLength = flexible ? compactLength : intLength;
  return {
    sizeMin: flexible ? 1 : 4,
    read(reader) {
      const length = readLength(reader);
      return length >= 0 ? reader.bytes(length) : nullRead(length, nullable);
    },
    write(writer, value) {
      if (value === null) return nullWrite(writer, flexible, nullable, 'int');
      const buffer = value as Buffer;
      if (flexible) writer.uvarint(buffer.length + 1);
      else writer.int32(buffer.length);
      writer.bytes(buffer);
    },
  };
}

function arrayCodec(element: Field, version: number, flexible: boolean, nullable: boolean): Codec {
  const inner = codecOf(element, version, flexible, false);
  const elementBytesMin = Math.max(inner.sizeMin, 1);
  const readLength = flexible ? compactLength : intLength;
  return {
    sizeMin: flexible ? 1 : 4,
    read(reader) {
      const length = readLength(reader);
      if (length < 0) return nullRead(length, nullable);
      // A count that the rest of the frame cannot hold is refused before anything is allocated.
      if (length * elementBytesMin > reader.remaining) {
        throw new WireError(`array of ${length} in ${reader.remaining} bytes`);
      }
      reader.countElements(length);
      const values: unknown[] = [];
      for (let index = 0; index < length; index++) values.push(inner.read(reader));
      return values;
    },
    write(writer, value) {
      if (value === null) return nullWrite(writer, flexible, nullable, 'int');
      const values = value as readonly unknown[];
      if (flexible) writer.uvarint(values.length + 1);
      else writer.int32(values.length);
      for (const each of values) inner.write(writer, each);
    },
  };
}

function structCodec(fields: Fields, version: number, flexible: boolean, nullable: boolean): Codec {
  const plan = planStruct(fields, version, flexible);
  if (!nullable) {
    return {
      sizeMin: plan.sizeMin,
      read: (reader) => readStruct(reader, plan),
      write: (writer, value) => writeStruct(writer, plan, value as Struct),
    };
  }
  return {
    sizeMin: 1,
    read: (reader) => (reader.int8() < 0 ? null : readStruct(reader, plan)),
    write(writer, value) {
      writer.int8(value === null ? -1 : 1);
      if (value !== null) writeStruct(writer, plan, value as Struct);
    },
  };
}

function nullRead(length: number, nullable: boolean): null {
  if (length !== -1) throw new WireError(`length of ${length}`);
  if (!nullable) throw new WireError('null where the version has none');
  return null;
}

function nullWrite(
  writer: Writer,
  flexible: boolean,
  nullable: boolean,
  length: 'short' | 'int',
): void {
  if (!nullable) throw new WireError('null where the version has none');
  if (flexible) writer.uvarint(0);
  else if (length === 'short') writer.int16(-1);
  else writer.int32(-1);
}

function readStruct(reader: Reader, plan: Plan): Struct {
  const value: Struct = {};
  for (const field of plan.regular) value[field.name] = field.read(reader);
  for (const field of plan.absent) value[field.name] = field.makeDefault();
  for (const field of plan.tagged) value[field.name] = field.makeDefault();
  if (plan.flexible) readTags(reader, plan, value);
  return value;
}

function readTags(reader: Reader, plan: Plan, value: Struct): void {
  const count = reader.uvarint();
  if (count === 0) return;
  let last = -1;
  for (let index = 0; index < count; index++) {
    const tag = reader.uvarint();
    if (tag <= last) throw new WireError(`tag ${tag} after tag ${last}`);
    last = tag;
    const size = reader.uvarint();
    const start = reader.take(size);
    const field = plan.tagged.find((each) => each.tag === tag);
    if (field === undefined) {
      reader.countElements(1);
      const bytesOfTag = reader.buffer.subarray(start, start + size);
      (value[unknownTags] ??= []).push({ tag, bytes: bytesOfTag });
    } else {
      value[field.name] = readTag(reader, field, start, start + size);
    }
  }
}

/** Reads a tagged field, which must end where its size says. */
function readTag(reader: Reader, field: PlannedField, start: number, tagEnd: number): unknown {
  const { end } = reader;
  reader.position = start;
  reader.end = tagEnd;
  const value = field.read(reader);
  if (reader.remaining > 0) throw new WireError(`${reader.remaining} bytes after ${field.name}`);
  reader.end = end;
  return value;
}

function writeStruct(writer: Writer, plan: Plan, value: Struct): void {
  for (const field of plan.regular) {
    const given = value[field.name];
    field.write(writer, given === undefined ? field.makeDefault() : given);
  }
  if (plan.flexible) writeTags(writer, plan, value);
}

function writeTags(writer: Writer, plan: Plan, value: Struct): void {
  const unknown = value[unknownTags];
  const tags = unknown === undefined ? [] : [...unknown];
  for (const field of plan.tagged) {
    const given = value[field.name];
    if (given === undefined || field.isDefault(given)) continue;
    const inner = new Writer();
    field.write(inner, given);
    tags.push({ tag: field.tag, bytes: inner.toBuffer() });
  }
  writer.uvarint(tags.length);
  if (tags.length > 1) tags.sort((a, b) => a.tag - b.tag);
  for (const { tag, bytes: bytesOfTag } of tags) {
    writer.uvarint(tag);
    writer.uvarint(bytesOfTag.length);
    writer.bytes(bytesOfTag);
  }
}

/** Reads one message; the reader stands behind it afterwards. Throws WireError. */
export function readMessage<F extends Fields>(
  table: Message<F>,
  version: number,
  reader: Reader,
): Decoded<F> {
  return readStruct(reader, planOf(table, version)) as Decoded<F>;
}

/** Decodes bytes that are one whole message and nothing more. Throws WireError. */
export function decodeMessage<F extends Fields>(
  table: Message<F>,
  version: number,
  buffer: Buffer,
): Decoded<F> {
  const reader = new Reader(buffer);
  const value = readMessage(table, version, reader);
  if (reader.remaining > 0) {
    throw new WireError(`${reader.remaining} bytes after ${table.name} v${version}`);
  }
  return value;
}

/** Appends one message to a writer. Throws WireError where a value does not fit. */
export function writeMessage<F extends Fields>(
  table: Message<F>,
  version: number,
  value: Input<F>,
  writer: Writer,
): void {
  writeStruct(writer, planOf(table, version), value as Struct);
}

export function encodeMessage<F extends Fields>(
  table: Message<F>,
  version: number,
  value: Input<F>,
): Buffer {
  const writer = new Writer();
  writeMessage(table, version, value, writer);
  return writer.toBuffer();
}
