/**
 * The fields of message tables: their kinds, their versions, and the types of their values, which
 * are inferred from the table.
 */
export type FieldOptions<T> = {
  /** First and last version that has the field. */
  readonly since?: number;
  readonly until?: number;
  /** The value may be null from this version on, or in this range of versions. */
  readonly nullable?: number | readonly [number, number];
  readonly default?: T | null;
  /** The tag, if the field is a tagged field. */
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
  | 'unread'
  | 'struct';

/** One row of a table. T is the type of the decoded value, I the type that encoding accepts. */
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

/**
 * The result of decode: every field of the table; those that the version lacks have their default.
 */
export type Decoded<F extends Fields> = {
  -readonly [K in keyof F]: F[K] extends Field<infer T, infer _> ? T : never;
};
/** The input of encode: omitted fields get their default. */
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
/** Record batches, as bytes: see record-batch.ts. */
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

/** Elements that were skipped: their number, and their bytes including the leading count. */
export class Unread<T = unknown> {
  readonly count: number;
  readonly bytes: Buffer;
  readonly #read: () => T[];

  constructor(count: number, taken: Buffer, read: () => T[]) {
    this.count = count;
    this.bytes = taken;
    this.#read = read;
  }

  /** Throws WireError. */
  read(): T[] {
    return this.#read();
  }
}

/**
 * An array of structs that is skipped instead of decoded, so that it can be encoded again
 * unchanged, in a message of the same version.
 */
export function unreadArray<const F extends Fields>(
  fields: F,
): Field<Unread<Decoded<F>>, Unread<Decoded<F>> | readonly Input<F>[]> {
  return { kind: 'unread', options: {}, element: struct(fields) as Field };
}

export function struct<const F extends Fields, const O extends ArrayOptions = Record<never, never>>(
  fields: F,
  options?: O,
): Field<Nullable<O, Decoded<F>>, Nullable<O, Input<F>>> {
  return { kind: 'struct', options: options ?? {}, fields };
}
