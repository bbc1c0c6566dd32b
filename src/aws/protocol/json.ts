/**
 * Parses JSON of large bodies, which are PutRecords: a few names and long base64 strings.
 * JSON.parse needs the whole body as one string first, which copies every byte into a large object;
 * here each value is read directly from the bytes.
 *
 * It only parses simple JSON, with the same results as JSON.parse. Everything else, such as
 * escapes, is left to JSON.parse, which also reports invalid JSON. Source: RFC 8259.
 */
import { isAscii } from 'node:buffer';
import { SerializationError } from './errors.ts';
import type { Shape } from './shape.ts';

export type JsonBounds = {
  /** Objects and arrays. */
  readonly containersMax: number;
  readonly depthMax: number;
};

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const space = 0x20;

/** Information about bodies from their shape. */
export type JsonNames = {
  /** The names of members, so that repeated names share one string. */
  readonly members: readonly string[];
  /** Members that are always blobs: the base64 decoder validates their text anyway. */
  readonly blobs: ReadonlySet<string>;
};

export const noNames: JsonNames = { members: [], blobs: new Set() };

export function jsonNamesOf(shape: Shape<unknown>): JsonNames {
  const members = new Set<string>();
  const blobs = new Set<string>();
  const others = new Set<string>();
  const visit = ({ kind, members: found }: Shape<unknown>): void => {
    for (const [name, member] of Object.entries(found)) {
      if (kind === 'structure') {
        const jsonName = member.jsonName ?? name;
        members.add(jsonName);
        (member.kind === 'blob' ? blobs : others).add(jsonName);
      }
      visit(member);
    }
  };
  visit(shape);
  for (const name of others) blobs.delete(name);
  // A blob is the most frequent case.
  const ordered = [...members].toSorted((one, other) => rank(one) - rank(other));
  return { members: ordered, blobs };

  function rank(name: string): number {
    return blobs.has(name) ? 0 : 1;
  }
}

// oxlint-disable-next-line no-control-regex -- JSON has none in its strings.
const controlCharacter = /[\u0000-\u001f]/u;
/** Assigning this name would set the prototype. */
const prototypeName = '__proto__';
const literal = /^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/;
const literalBytesMax = 64;

/** Thrown if the JSON is not simple. */
const notPlain = Symbol('not plain');

/** Undefined if the JSON is not simple. Errors: SerializationError for too many containers. */
export function readPlainJson(
  bytes: Buffer,
  bounds: JsonBounds,
  names: JsonNames,
): object | undefined {
  if (bytes.includes(backslash) || !isAscii(bytes)) return undefined;
  const reader = new PlainReader(bytes, bounds, names);
  const value = reader.whole();
  return typeof value === 'object' && value !== null ? value : undefined;
}

class PlainReader {
  readonly #bytes: Buffer;
  readonly #bounds: JsonBounds;
  readonly #names: JsonNames;
  #at = 0;
  #containers = 0;
  #depth = 0;

  constructor(bytes: Buffer, bounds: JsonBounds, names: JsonNames) {
    this.#bytes = bytes;
    this.#bounds = bounds;
    this.#names = names;
  }

  whole(): unknown {
    const value = this.#value('');
    this.#skipSpace();
    return this.#at === this.#bytes.length ? value : notPlain;
  }

  /** `name`: the name of the value's member. */
  #value(name: string): unknown {
    this.#skipSpace();
    const byte = this.#bytes[this.#at];
    if (byte === quote) return this.#text(!this.#names.blobs.has(name));
    if (byte === openBrace) return this.#inside(() => this.#object());
    if (byte === openBracket) return this.#inside(() => this.#array());
    return this.#literal();
  }

  #inside(read: () => unknown): unknown {
    this.#containers += 1;
    this.#depth += 1;
    if (this.#containers > this.#bounds.containersMax || this.#depth > this.#bounds.depthMax) {
      throw new SerializationError();
    }
    this.#at += 1;
    const value = read();
    this.#depth -= 1;
    return value;
  }

  #object(): unknown {
    const result: Record<string, unknown> = {};
    if (this.#takes(closeBrace)) return result;
    for (;;) {
      this.#skipSpace();
      const name = this.#name();
      if (typeof name !== 'string' || name === prototypeName || !this.#takes(colon)) {
        return notPlain;
      }
      const value = this.#value(name);
      if (value === notPlain) return notPlain;
      result[name] = value;
      if (this.#takes(closeBrace)) return result;
      if (!this.#takes(comma)) return notPlain;
    }
  }

  #array(): unknown {
    const result: unknown[] = [];
    if (this.#takes(closeBracket)) return result;
    for (;;) {
      const value = this.#value('');
      if (value === notPlain) return notPlain;
      result.push(value);
      if (this.#takes(closeBracket)) return result;
      if (!this.#takes(comma)) return notPlain;
    }
  }

  #name(): string | typeof notPlain {
    for (const name of this.#names.members) {
      if (this.#isNext(name)) {
        this.#at += name.length + 2;
        return name;
      }
    }
    return this.#bytes[this.#at] === quote ? this.#text(true) : notPlain;
  }

  /** Whether this name, in quotes, is next. */
  #isNext(name: string): boolean {
    const bytes = this.#bytes;
    const start = this.#at + 1;
    if (bytes[start + name.length] !== quote || bytes[start - 1] !== quote) return false;
    for (let nth = 0; nth < name.length; nth++) {
      if (bytes[start + nth] !== name.charCodeAt(nth)) return false;
    }
    return true;
  }

  #text(isChecked: boolean): string | typeof notPlain {
    const end = this.#bytes.indexOf(quote, this.#at + 1);
    if (end === -1) return notPlain;
    const text = this.#bytes.toString('latin1', this.#at + 1, end);
    if (isChecked && controlCharacter.test(text)) return notPlain;
    this.#at = end + 1;
    return text;
  }

  #literal(): unknown {
    const start = this.#at;
    let end = start;
    while (end - start < literalBytesMax && isOfLiteral(this.#bytes[end])) end += 1;
    const text = this.#bytes.toString('latin1', start, end);
    if (!literal.test(text)) return notPlain;
    this.#at = end;
    return JSON.parse(text);
  }

  /** Skips this byte, and the white space before it, if it is next. */
  #takes(byte: number): boolean {
    this.#skipSpace();
    if (this.#bytes[this.#at] !== byte) return false;
    this.#at += 1;
    return true;
  }

  #skipSpace(): void {
    const bytes = this.#bytes;
    while (bytes[this.#at]! <= space && isSpace(bytes[this.#at]!)) this.#at += 1;
  }
}

function isSpace(byte: number): boolean {
  return byte === space || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** Letters, digits, signs and dots. */
function isOfLiteral(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  const isDigit = byte >= 0x30 && byte <= 0x39;
  const letter = byte | 0x20;
  return isDigit || (letter >= 0x61 && letter <= 0x7a) || [0x2b, 0x2d, 0x2e].includes(byte);
}
