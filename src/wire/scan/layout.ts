/**
 * Ways through frames that are not decoded: to the fields that a walker stops at, past all others.
 * Which fields a version has, and how they are laid out, is known from the message tables alone:
 * a version of another layout is walked right, or not at all where it lacks what a walker wants.
 */
import type { Field, Fields, Message } from '../message.ts';
import { type Plan, planStruct, skipsOf } from '../plan.ts';
import { type Cursor, skipTags, WireError } from '../primitives.ts';

export type Pass = (cursor: Cursor) => void;

/** Fields in the order of the table, with their kinds; `name?` for one that versions may lack. */
type Stops = Readonly<Record<string, Field['kind']>>;
type Optional<S> = S extends `${infer N}?` ? N : never;
type Always<S> = S extends `${string}?` ? never : S;

export type Layout<S> = {
  /** Each passes over what stands between the stop before and this one, whose value is next. */
  readonly to: { readonly [N in Always<S> & string]: Pass } & {
    readonly [N in Optional<S>]?: Pass;
  };
  /** Passes over the regular fields behind the last stop. */
  readonly rest: Pass;
  /** As rest, and over the tagged fields: the struct ends there. */
  readonly end: Pass;
  /** Names of the regular fields that are passed over. */
  readonly passed: readonly string[];
};

/** The way through structs of these fields. Throws Error where the table has no such way. */
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
  const layout = { to, rest: passOver(rest), end: passOver(rest, flexible), passed };
  return layout as unknown as Layout<keyof S>;
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

/** The fields of the structs in an array of a table. */
export function fieldsIn(array: Field): Fields {
  return array.element!.fields!;
}

/** What is made once for each version of a table, on first use. Throws WireError for others. */
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

/** The number of elements that follow; an array that is null has none. Throws WireError. */
export function readCount(cursor: Cursor, flexible: boolean): number {
  const count = Math.max(0, flexible ? cursor.uvarint() - 1 : cursor.int32());
  cursor.countElements(count);
  return count;
}

/** The length in front of bytes; 0 where they are null. */
export function readBytesSize(cursor: Cursor, flexible: boolean): number {
  return Math.max(0, flexible ? cursor.uvarint() - 1 : cursor.int32());
}

/** The length in front of a string; −1 where it is null. */
export function readStringSize(cursor: Cursor, flexible: boolean): number {
  return flexible ? cursor.uvarint() - 1 : cursor.int16();
}
