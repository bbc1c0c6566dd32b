/**
 * Names of lease tables. A KCL application, its lease table and the consumer group of that name are
 * the same thing, so the table is named after the group wherever DynamoDB allows that name.
 *
 * | group id                                   | table                                          |
 * |--------------------------------------------|------------------------------------------------|
 * | 3 to 255 of `a-z A-Z 0-9 _ . -`            | the same                                       |
 * | anything else                              | `kineska-group.` + the id, escaped             |
 * | anything else that is too long for a table | `kineska-group-hash.` + its SHA-256, in hex    |
 *
 * Escaped, a byte of the id's UTF-8 that is no letter, digit, `_` or `-` is `.` and two hex
 * digits: group `a b/c` has the table `kineska-group.a.20b.2fc`. Names that mean something else (of
 * KCL's companion tables, of the catalog's tables, of escaped ids) are escaped too, so that every
 * group has a table of its own and, hashes aside, every table tells its group.
 *
 * Amazon's DynamoDB tells `Orders` from `orders`; DynamoDB Local makes only one of the two. The one
 * that is made first has the name, as a KCL application of that name would have it; the other is
 * `kineska-group-case.` + its name, in which capitals are escaped as well. Which table is whose
 * follows from the tables that are there, so that all gateways find the same.
 */
import { hash } from 'node:crypto';
import { queueRowsTableOf } from '../queues/queue-table-name.ts';

const escapedPrefix = 'kineska-group.';
const hashedPrefix = 'kineska-group-hash.';
const casePrefix = 'kineska-group-case.';
const ownPrefixes = [escapedPrefix, hashedPrefix, casePrefix];
const tableNameCharactersMax = 255;

/** The tables that KCL 3 keeps beside its lease table. */
export const companionSuffixes = ['-CoordinatorState', '-WorkerMetricStats'] as const;

/** Undefined if the table's name is too long to have a companion. */
export function companionOf(
  table: string,
  suffix: (typeof companionSuffixes)[number],
): string | undefined {
  const name = table + suffix;
  return name.length <= tableNameCharactersMax ? name : undefined;
}

/** `catalogTable` holds the streams; no group may use it, nor that of the queues beside it. */
export function leaseTableOf(groupId: string, catalogTable: string): string {
  if (isPlain(groupId, catalogTable)) return groupId;
  return escapedOrHashed(escapedPrefix, groupId, /[a-zA-Z0-9_-]/);
}

/**
 * The alternative name of a table, for a store that already has a table whose name differs only in
 * case. Such a store tells all alternative names apart.
 */
export function caseSafeNameOf(table: string): string {
  return escapedOrHashed(casePrefix, table, /[a-z0-9_-]/);
}

/** The table that has this alternative name; undefined if it is no such name, or a hash. */
export function tableOfCaseSafeName(name: string): string | undefined {
  if (!name.startsWith(casePrefix)) return undefined;
  const table = unescape(name.slice(casePrefix.length));
  return table !== undefined && caseSafeNameOf(table) === name ? table : undefined;
}

/** Whether two names are the same to a store that ignores case. */
export function differInCaseOnly(one: string, other: string): boolean {
  return one !== other && one.toLowerCase() === other.toLowerCase();
}

/** The group of a table; undefined if the table belongs to no group, or its name is a hash. */
export function groupOfLeaseTable(table: string, catalogTable: string): string | undefined {
  if (isPlain(table, catalogTable)) return table;
  if (!table.startsWith(escapedPrefix)) return undefined;
  const groupId = unescape(table.slice(escapedPrefix.length));
  // Only names that this mapping produces are accepted.
  return groupId !== undefined && leaseTableOf(groupId, catalogTable) === table
    ? groupId
    : undefined;
}

/** Whether the table belongs to a group whose id cannot be derived from the table's name. */
export function isOfHashedGroup(table: string): boolean {
  return table.startsWith(hashedPrefix);
}

function isPlain(name: string, catalogTable: string): boolean {
  if (!/^[a-zA-Z0-9_.-]{3,255}$/.test(name)) return false;
  if (name === catalogTable || name === queueRowsTableOf(catalogTable)) return false;
  if (ownPrefixes.some((prefix) => name.toLowerCase().startsWith(prefix))) return false;
  return !companionSuffixes.some((suffix) => name.endsWith(suffix));
}

function escapedOrHashed(prefix: string, text: string, kept: RegExp): string {
  let escaped = prefix;
  for (const byte of Buffer.from(text)) {
    const character = String.fromCharCode(byte);
    escaped += kept.test(character) ? character : `.${byte.toString(16).padStart(2, '0')}`;
  }
  if (escaped.length <= tableNameCharactersMax) return escaped;
  return hashedPrefix + hash('sha256', text, 'hex');
}

function unescape(escaped: string): string | undefined {
  const bytes: number[] = [];
  for (let at = 0; at < escaped.length; at += 1) {
    if (escaped[at] !== '.') {
      bytes.push(escaped.charCodeAt(at));
      continue;
    }
    const digits = escaped.slice(at + 1, at + 3);
    if (!/^[0-9a-f]{2}$/.test(digits)) return undefined;
    bytes.push(Number.parseInt(digits, 16));
    at += 2;
  }
  return Buffer.from(bytes).toString('utf8');
}

/**
 * Which groups have tables: patterns separated by commas, in which `*` matches anything; a pattern
 * that begins with `!` excludes groups. The first pattern that matches decides. A group that no
 * pattern matches has a table only if every pattern excludes groups.
 */
export function groupFilter(patterns: string): (groupId: string) => boolean {
  const rules = patterns
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '')
    .map((each) => ({ has: !each.startsWith('!'), pattern: patternOf(each.replace(/^!/, '')) }));
  const otherwise = rules.length > 0 && rules.every(({ has }) => !has);
  return (groupId) => rules.find(({ pattern }) => pattern.test(groupId))?.has ?? otherwise;
}

function patternOf(text: string): RegExp {
  const parts = text.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's');
}
