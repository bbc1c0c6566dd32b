/**
 * The interpreter of message tables: for each struct and version, a plan with the fields of that
 * version and the functions that read, write and skip their values.
 *
 * Source: the Kafka protocol guide; KIP-482 for flexible versions and tagged fields.
 */
import { type Field, type Fields, Unread, uuidZero } from './fields.ts';
import { type Cursor, Reader, skipTags, WireError, Writer } from './primitives.ts';

/** Tagged fields that the table does not know, kept so that encoding writes them again. */
export const unknownTags: unique symbol = Symbol('unknownTags');
type UnknownTag = { readonly tag: number; readonly bytes: Buffer };
export type Struct = { [name: string]: unknown; [unknownTags]?: UnknownTag[] };

type Codec = {
  read(reader: Reader): unknown;
  /** Skips a value. */
  skip(reader: Cursor): void;
  write(writer: Writer, value: unknown): void;
  /** The minimum size of a value in bytes; bounds the length of arrays. */
  readonly sizeMin: number;
  /** The size of every value, if it is fixed. */
  readonly isFixed?: true;
};

type PlannedField = Codec & {
  readonly name: string;
  /** −1 for a regular field. */
  readonly tag: number;
  readonly makeDefault: () => unknown;
  readonly isDefault: (value: unknown) => boolean;
};

/** The fields of one struct in one version. */
export type Plan = {
  readonly regular: readonly PlannedField[];
  /** The functions that skip the regular fields. */
  readonly skips: readonly Codec['skip'][];
  readonly tagged: readonly PlannedField[];
  /** Fields that the version lacks; decode returns their default. */
  readonly absent: readonly PlannedField[];
  readonly flexible: boolean;
  readonly sizeMin: number;
};

export function planStruct(fields: Fields, version: number, flexible: boolean): Plan {
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
  return { regular, skips: skipsOf(regular), tagged, absent, flexible, sizeMin };
}

/** Skips adjacent fields; runs of fixed-size fields are skipped in one step. */
export function skipsOf(regular: readonly PlannedField[]): readonly Codec['skip'][] {
  const skips: Codec['skip'][] = [];
  let fixedBytes = 0;
  const endRun = () => {
    const size = fixedBytes;
    if (size > 0) skips.push((reader) => void reader.take(size));
    fixedBytes = 0;
  };
  for (const { isFixed, sizeMin, skip } of regular) {
    if (isFixed) {
      fixedBytes += sizeMin;
      continue;
    }
    endRun();
    skips.push(skip);
  }
  endRun();
  return skips;
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

/** A tagged field that has its default value is not written. */
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
    case 'unread':
      return unreadCodec(arrayCodec(field.element!, version, flexible, nullable));
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
  const skip = (reader: Cursor) => void reader.take(sizeMin);
  return { sizeMin, isFixed: true, read, skip, write: write as Codec['write'] };
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

/** Reads the length before a value; −1 for null. */
type ReadLength = (reader: Cursor) => number;
const compactLength: ReadLength = (reader) => reader.uvarint() - 1;
const shortLength: ReadLength = (reader) => reader.int16();
const intLength: ReadLength = (reader) => reader.int32();

/** Skips a value with a length prefix; null has no bytes. */
function skipSized(readLength: ReadLength): Codec['skip'] {
  return (reader) => {
    const length = readLength(reader);
    if (length > 0) reader.take(length);
  };
}

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
    skip: skipSized(readLength),
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
    skip: skipSized(readLength),
    write(writer, value) {
      if (value === null) return nullWrite(writer, flexible, nullable, 'int');
      const buffer = value as Buffer;
      if (flexible) writer.uvarint(buffer.length + 1);
      else writer.int32(buffer.length);
      writer.bytes(buffer);
    },
  };
}

function arrayCodec(
  element: Field,
  version: number,
  flexible: boolean,
  nullable: boolean,
): ArrayCodec {
  const inner = codecOf(element, version, flexible, false);
  const elementBytesMin = Math.max(inner.sizeMin, 1);
  const readLength = flexible ? compactLength : intLength;
  const readCount = (reader: Cursor) => {
    const count = readLength(reader);
    // A count that does not fit the rest of the frame is refused before anything is allocated.
    if (count * elementBytesMin > reader.remaining) {
      throw new WireError(`array of ${count} in ${reader.remaining} bytes`);
    }
    reader.countElements(Math.max(0, count));
    return count;
  };
  const skipCounted = (reader: Cursor) => {
    const count = readCount(reader);
    if (inner.isFixed) reader.take(Math.max(0, count) * inner.sizeMin);
    else for (let left = count; left > 0; left--) inner.skip(reader);
    return count;
  };
  return {
    sizeMin: flexible ? 1 : 4,
    read(reader) {
      const count = readCount(reader);
      if (count < 0) return nullRead(count, nullable);
      const values: unknown[] = [];
      for (let index = 0; index < count; index++) values.push(inner.read(reader));
      return values;
    },
    skip: (reader) => void skipCounted(reader),
    skipCounted,
    write(writer, value) {
      if (value === null) return nullWrite(writer, flexible, nullable, 'int');
      const values = value as readonly unknown[];
      if (flexible) writer.uvarint(values.length + 1);
      else writer.int32(values.length);
      for (const each of values) inner.write(writer, each);
    },
  };
}

type ArrayCodec = Codec & {
  /** As skip; returns the number of elements. */
  skipCounted(reader: Cursor): number;
};

function unreadCodec(values: ArrayCodec): Codec {
  return {
    sizeMin: values.sizeMin,
    read(reader) {
      const start = reader.position;
      const count = values.skipCounted(reader);
      if (count < 0) return nullRead(count, false);
      const bytes = reader.buffer.subarray(start, reader.position);
      return new Unread(count, bytes, () => values.read(new Reader(bytes)) as unknown[]);
    },
    skip: (reader) => values.skip(reader),
    write(writer, value) {
      if (value instanceof Unread) writer.bytes(value.bytes);
      else values.write(writer, value);
    },
  };
}

function structCodec(fields: Fields, version: number, flexible: boolean, nullable: boolean): Codec {
  const plan = planStruct(fields, version, flexible);
  if (!nullable) {
    return {
      sizeMin: plan.sizeMin,
      read: (reader) => readStruct(reader, plan),
      skip: (reader) => skipStruct(reader, plan),
      write: (writer, value) => writeStruct(writer, plan, value as Struct),
    };
  }
  return {
    sizeMin: 1,
    read: (reader) => (reader.int8() < 0 ? null : readStruct(reader, plan)),
    skip(reader) {
      if (reader.int8() >= 0) skipStruct(reader, plan);
    },
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

export function readStruct(reader: Reader, plan: Plan): Struct {
  const value: Struct = {};
  for (const field of plan.regular) value[field.name] = field.read(reader);
  for (const field of plan.absent) value[field.name] = field.makeDefault();
  for (const field of plan.tagged) value[field.name] = field.makeDefault();
  if (plan.flexible) readTags(reader, plan, value);
  return value;
}

function skipStruct(reader: Cursor, { skips, flexible }: Plan): void {
  for (const skip of skips) skip(reader);
  if (flexible) skipTags(reader);
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

/** Reads a tagged field, which must have exactly the size that it states. */
function readTag(reader: Reader, field: PlannedField, start: number, tagEnd: number): unknown {
  const { end } = reader;
  reader.position = start;
  reader.end = tagEnd;
  const value = field.read(reader);
  if (reader.remaining > 0) throw new WireError(`${reader.remaining} bytes after ${field.name}`);
  reader.end = end;
  return value;
}

export function writeStruct(writer: Writer, plan: Plan, value: Struct): void {
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
