/**
 * Kafka messages as declarative tables.
 *
 * A table lists each field once, with its versions. Decode and encode work for every version, in
 * both directions, and the types of the values are inferred from the table (fields.ts). A plan for
 * each version is built once, on first use (plan.ts).
 *
 * Source: the Kafka protocol guide; KIP-482 for flexible versions and tagged fields.
 */
import type { Decoded, Fields, Input } from './fields.ts';
import { type Plan, planStruct, readStruct, type Struct, writeStruct } from './plan.ts';
import { Reader, WireError, Writer } from './primitives.ts';

export * from './fields.ts';

export type MessageOptions = {
  /** API key; absent for data that is neither a request nor a response. */
  readonly key?: number;
  readonly versions: readonly [min: number, max: number];
  /** First version with compact forms and tagged fields; absent if there is none. */
  readonly flexible?: number;
  /** First version that is not stable yet, which no broker enables by default. */
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
  /** Plans by version, built on first use. */
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

/** Reads one message; the reader is after it afterwards. Throws WireError. */
export function readMessage<F extends Fields>(
  table: Message<F>,
  version: number,
  reader: Reader,
): Decoded<F> {
  return readStruct(reader, planOf(table, version)) as Decoded<F>;
}

/** Decodes bytes that are exactly one message. Throws WireError. */
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

/** Appends one message to a writer. Throws WireError if a value is out of range. */
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
