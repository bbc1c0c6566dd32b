/**
 * Reads members of an input from a request's target and headers. The format of text depends on its
 * place, as Smithy specifies: timestamps are date-times in paths and queries, and HTTP dates in
 * headers.
 */
import { SerializationError } from './errors.ts';
import type { BoundMember } from './rest-bindings.ts';
import type { Shape } from './shape.ts';
import { headerSource, textSource } from './source.ts';
import { decoded, type Labels } from './uri-pattern.ts';

export type RequestHead = {
  readonly labels: Labels;
  readonly query: URLSearchParams;
  /** By lower-case names; several headers of one name are joined with commas. */
  readonly headers: ReadonlyMap<string, string>;
};

/** `rawHeaders`: alternating names and values. HTTP/2 pseudo-headers are skipped. */
export function headersIn(rawHeaders: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!.toLowerCase();
    if (name.startsWith(':')) continue;
    const others = headers.get(name);
    const value = rawHeaders[at + 1]!;
    headers.set(name, others === undefined ? value : `${others}, ${value}`);
  }
  return headers;
}

/** Undefined if the request has no such value. Errors: SerializationError. */
export function readBound({ name, shape, binding }: BoundMember, head: RequestHead): unknown {
  switch (binding.in) {
    case 'label':
      return shape.read(textOfLabel(head.labels.get(name) ?? ''), textSource);
    case 'query': {
      const values = head.query.getAll(binding.name);
      if (values.length === 0) return undefined;
      return shape.read(shape.kind === 'list' ? values : values[0], textSource);
    }
    case 'queryParams':
      return shape.read(parametersIn(head.query, shape), textSource);
    case 'header': {
      const text = head.headers.get(binding.name);
      if (text === undefined) return undefined;
      return shape.read(shape.kind === 'list' ? itemsIn(text, shape) : text, headerSource);
    }
    case 'prefixHeaders':
      return shape.read(headersBehind(binding.name, head.headers), headerSource);
    default:
      return undefined;
  }
}

function textOfLabel(encoded: string): string {
  const text = decoded(encoded);
  if (text === undefined) throw new SerializationError('The path is not percent-encoded UTF-8.');
  return text;
}

function parametersIn(query: URLSearchParams, shape: Shape<unknown>): Record<string, unknown> {
  const isOfLists = shape.members['member']!.kind === 'list';
  return Object.fromEntries(
    [...new Set(query.keys())].map((key) => [key, isOfLists ? query.getAll(key) : query.get(key)]),
  );
}

function headersBehind(
  prefix: string,
  headers: ReadonlyMap<string, string>,
): Record<string, string> {
  const found = [...headers].filter(
    ([name]) => name.startsWith(prefix) && name.length > prefix.length,
  );
  return Object.fromEntries(found.map(([name, value]) => [name.slice(prefix.length), value]));
}

/** An item in quotes, in which a backslash escapes the next character, or without quotes. */
const item = /\s*(?:"(?<quoted>(?:[^"\\]|\\.)*)"|(?!")(?<plain>[^,]*?))\s*(?:,|$)/y;
const itemOfDates = /\s*(?<plain>[^,]*,[^,]*?)\s*(?:,|$)/y;

/** Errors: SerializationError. */
function itemsIn(text: string, { members }: Shape<unknown>): string[] {
  if (text.trim() === '') return [];
  const { kind, timestampFormat = headerSource.timestamps } = members['member']!;
  // HTTP dates contain a comma.
  const areDates = kind === 'timestamp' && timestampFormat === 'http-date';
  const pattern = new RegExp(areDates ? itemOfDates : item);
  const items: string[] = [];
  while (pattern.lastIndex < text.length) {
    const found = pattern.exec(text)?.groups;
    if (found === undefined) throw new SerializationError('A header is not a list of values.');
    items.push(found['quoted']?.replace(/\\(.)/g, '$1') ?? found['plain'] ?? '');
  }
  return items;
}
