/**
 * Walks through frames that are not decoded: to the fields at which a walker stops, past all
 * others. The fields of a version and their layout are known from the message tables alone: a
 * version with another layout is walked correctly, or not at all if it lacks a field that a walker
 * needs.
 */
import type { Field, Fields, Message } from '../message.ts';
import { type Plan, planStruct, skipsOf } from '../plan.ts';
import { type Cursor, skipTags, WireError } from '../primitives.ts';

export type Pass = (cursor: Cursor) => void;

/** Fields in the order of the table, with their kinds; `name?` for one that some versions lack. */
type Stops = Readonly<Record<string, Field['kind']>>;
type Optional<S> = S extends `${infer N}?` ? N : never;
type Always<S> = S extends `${string}?` ? never : S;

export type Layout<S> = {
  /** Each skips the fields between the previous stop and this one, whose value is next. */
  readonly to: { readonly [N in Always<S> & string]: Pass } & {
    readonly [N in Optional<S>]?: Pass;
  };
  /** Skips the regular fields after the last stop. */
  readonly rest: Pass;
  /** As rest, and skips the tagged fields: the struct ends there. */
  readonly end: Pass;
  /** Names of the regular fields that are skipped. */
  readonly passed: readonly string[];
};

/** The walk through structs of these fields. Throws Error if the table does not have them. */
export function layoutOf<S extends Stops>(
  fields: Fields,
  version: number,
  flexible: boolean,
  stops: S,
): Layout<keyof S> {
  const plan = planStruct(fields, version, flexible);
  const to: Record<string, Pass> = {};
  const passed: string[] = [];
  let from = 0;
  for (const [stop, kind] of Object.entries(stops)) {
    const name = stop.replace(/\?$/, '');
    const at = plan.regular.findIndex((field) => field.name === name);
    if (at === -1 && name !== stop) continue;
    if (at < from || fields[name]?.kind !== kind) {
      throw new Error(`version ${version} has no ${kind} ${name} where it is looked for`);
    }
    to[name] = passOver(plan.regular.slice(from, at));
    passed.push(...namesOf(plan.regular.slice(from, at)));
    from = at + 1;
  }
  const rest = plan.regular.slice(from);
  passed.push(...namesOf(rest));
  if (!leadsToAll(to, stops)) throw new Error(`version ${version} lacks fields`);
  return { to, rest: passOver(rest), end: passOver(rest, flexible), passed };
}

function leadsToAll<S extends Stops>(to: object, stops: S): to is Layout<keyof S>['to'] {
  return Object.keys(stops).every((stop) => stop.endsWith('?') || Object.hasOwn(to, stop));
}

function namesOf(fields: Plan['regular']): string[] {
  return fields.map(({ name }) => name);
}

function passOver(fields: Plan['regular'], hasTags = false): Pass {
  const skips = [...skipsOf(fields), ...(hasTags ? [skipTags] : [])];
  const [only, ...more] = skips;
  if (only === undefined) return () => undefined;
  if (more.length === 0) return only;
  return (cursor) => {
    for (const skip of skips) skip(cursor);
  };
}

/** The fields of the structs in an array of the table. */
export function fieldsIn(array: Field): Fields {
  return array.element!.fields!;
}

/**
 * A value that is built once for each version of a table, on first use. Throws WireError for other
 * versions.
 */
export function perVersion<T>(
  table: Omit<Message, 'fields'>,
  make: (version: number, flexible: boolean) => T,
): (version: number) => T {
  const made: T[] = [];
  return (version) => {
    const known = made[version];
    if (known !== undefined) return known;
    if (!(version >= table.versionMin && version <= table.versionMax)) {
      throw new WireError(`${table.name} has no version ${version}`);
    }
    return (made[version] = make(version, version >= table.flexibleSince));
  };
}

/** The number of elements that follow; 0 for a null array. Throws WireError. */
export function readCount(cursor: Cursor, flexible: boolean): number {
  const count = Math.max(0, flexible ? cursor.uvarint() - 1 : cursor.int32());
  cursor.countElements(count);
  return count;
}

/** The length before bytes; 0 for null. */
export function readBytesSize(cursor: Cursor, flexible: boolean): number {
  return Math.max(0, flexible ? cursor.uvarint() - 1 : cursor.int32());
}

/** The length before a string; −1 for null. */
export function readStringSize(cursor: Cursor, flexible: boolean): number {
  return flexible ? cursor.uvarint() - 1 : cursor.int16();
}
