/**
 * Kafka's message schemas (common/message/*.json of kafka-clients), reduced to what is on the wire:
 * for one version, one line for each field, in order. The same is made of our tables, so that two
 * lists of lines are all there is to compare.
 */
import type { Field, Fields, Message } from '../../src/wire/message.ts';
import { allowsNull, defaultOf, isIn } from '../support/wire-values.ts';

export type Schema = {
  readonly name: string;
  readonly type: 'request' | 'response' | 'data' | 'header';
  readonly apiKey?: number;
  readonly validVersions: string;
  readonly flexibleVersions?: string;
  readonly latestVersionUnstable?: boolean;
  readonly listeners?: readonly string[];
  readonly fields: readonly SchemaField[];
  readonly commonStructs?: readonly {
    readonly name: string;
    readonly fields: readonly SchemaField[];
  }[];
};

type SchemaField = {
  readonly name: string;
  readonly type: string;
  readonly versions: string;
  readonly nullableVersions?: string;
  readonly taggedVersions?: string;
  readonly flexibleVersions?: string;
  readonly tag?: number;
  readonly default?: string | number | boolean | null;
  readonly fields?: readonly SchemaField[];
};

type Range = readonly [min: number, max: number];
const never: Range = [Infinity, -Infinity];

export function rangeOf(text: string | undefined): Range {
  if (text === undefined || text === 'none') return never;
  const match = /^(\d+)(?:(\+)|-(\d+))?$/.exec(text);
  if (match === null) throw new Error(`versions "${text}"`);
  const min = Number(match[1]);
  return [min, match[2] === undefined ? Number(match[3] ?? min) : Infinity];
}

const within = (version: number, [min, max]: Range) => version >= min && version <= max;

/** Key, versions, flexible and unstable versions, in the words of a table's options. */
export function optionsOfSchema(schema: Schema) {
  const [versionMin, versionMax] = rangeOf(schema.validVersions);
  const flexible = rangeOf(schema.flexibleVersions)[0];
  return {
    key: schema.apiKey ?? -1,
    versionMin,
    versionMax,
    flexibleSince: flexible > versionMax ? Infinity : Math.max(flexible, 0),
    unstableSince: schema.latestVersionUnstable === true ? versionMax : Infinity,
  };
}

export function optionsOfTable(table: Message) {
  const { key, versionMin, versionMax, flexibleSince, unstableSince } = table;
  return { key, versionMin, versionMax, flexibleSince, unstableSince };
}

export function linesOfSchema(schema: Schema, version: number): string[] {
  const lines: string[] = [];
  const visit = (fields: readonly SchemaField[], path: string) => {
    for (const field of fields) {
      if (!within(version, rangeOf(field.versions))) continue;
      if (field.flexibleVersions !== undefined) throw new Error(`${field.name} is special`);
      const { kind, inner } = kindOfSchema(schema, field);
      const at = `${path}${field.name.charAt(0).toLowerCase()}${field.name.slice(1)}`;
      const tagged = within(version, rangeOf(field.taggedVersions));
      const nullable = within(version, rangeOf(field.nullableVersions));
      const standard = defaultOfSchema(field, kind);
      lines.push(lineOf(at, kind, tagged ? field.tag : undefined, nullable, standard));
      if (inner !== undefined) visit(inner, `${at}.`);
    }
  };
  visit(schema.fields, '');
  return lines;
}

const primitives = new Set(
  'bool int8 int16 uint16 int32 int64 float64 uuid string bytes records'.split(' '),
);

function kindOfSchema(schema: Schema, field: SchemaField) {
  const array = field.type.startsWith('[]');
  const type = array ? field.type.slice(2) : field.type;
  const prefix = array ? '[]' : '';
  if (primitives.has(type)) return { kind: prefix + type, inner: undefined };
  const inner = field.fields ?? schema.commonStructs?.find((each) => each.name === type)?.fields;
  if (inner === undefined) throw new Error(`${schema.name} has no struct ${type}`);
  return { kind: `${prefix}struct`, inner };
}

function defaultOfSchema(field: SchemaField, kind: string): string {
  const text = String(field.default ?? '');
  if (text === 'null') return 'null';
  if (kind.startsWith('[]')) return '[]';
  if (kind === 'struct') return '{}';
  if (kind === 'records') return 'null';
  if (kind === 'string' || kind === 'bytes') return `"${text}"`;
  if (kind === 'uuid') return 'zero';
  if (kind === 'bool') return text === '' ? 'false' : text;
  if (kind === 'float64') return String(Number(text));
  return text.startsWith('-') ? String(-BigInt(text.slice(1))) : String(BigInt(text));
}

export function linesOfTable(table: Message, version: number): string[] {
  const lines: string[] = [];
  const visit = (fields: Fields, path: string) => {
    for (const [name, field] of Object.entries(fields)) {
      if (!isIn(field, version)) continue;
      const element = field.element ?? field;
      const kind = `${field.kind === 'array' ? '[]' : ''}${element.kind}`;
      const nullable = allowsNull(field, version);
      const standard = defaultOfTable(field);
      lines.push(lineOf(path + name, kind, field.options.tag, nullable, standard));
      if (element.fields !== undefined) visit(element.fields, `${path}${name}.`);
    }
  };
  visit(table.fields, '');
  return lines;
}

function defaultOfTable(field: Field): string {
  const value = defaultOf(field);
  if (value === null) return 'null';
  if (field.kind === 'array') return '[]';
  if (field.kind === 'struct') return '{}';
  if (field.kind === 'string') return `"${value as string}"`;
  if (field.kind === 'bytes') return `"${(value as Buffer).toString()}"`;
  if (field.kind === 'uuid') return 'zero';
  return String(value);
}

function lineOf(
  path: string,
  kind: string,
  tag: number | undefined,
  nullable: boolean,
  standard: string,
): string {
  const tagged = tag === undefined ? '' : ` tag ${tag}`;
  return `${path}: ${kind}${nullable ? ' or null' : ''} = ${standard}${tagged}`;
}
