/**
 * Values as text, for forms, queries, headers, paths and XML. Source: "Timestamp formats" and "HTTP
 * bindings" of Smithy.
 */
import { SerializationError } from './errors.ts';

export type TimestampFormat = 'epoch-seconds' | 'date-time' | 'http-date';

/** `timestamps`: their format in this place, unless their shape has one. */
export function textOf(
  shape: { readonly kind: string; readonly timestampFormat?: TimestampFormat },
  value: unknown,
  timestamps: TimestampFormat,
): string {
  if (Buffer.isBuffer(value)) return value.toString('base64');
  if (shape.kind !== 'timestamp') return String(value);
  return timestampText(value as number, shape.timestampFormat ?? timestamps);
}

/** `ms`: milliseconds since the epoch. */
export function timestampText(ms: number, format: TimestampFormat): string {
  if (format === 'epoch-seconds') return String(ms / 1000);
  const date = new Date(ms);
  // Whole seconds have no fraction.
  if (format === 'date-time') return date.toISOString().replace('.000Z', 'Z');
  return date.toUTCString();
}

const forms: Readonly<Record<TimestampFormat, RegExp>> = {
  'epoch-seconds': /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/,
  'date-time': /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/,
  // Date.parse parses the names of days and months.
  'http-date': /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d(?:\.\d+)? GMT$/,
};

/** Milliseconds since the epoch. Errors: SerializationError. */
export function timestampIn(text: string, format: TimestampFormat): number {
  const isWellFormed = forms[format].test(text);
  const ms = format === 'epoch-seconds' ? Number(text) * 1000 : Date.parse(text);
  if (isWellFormed && Number.isFinite(ms)) return Math.round(ms);
  throw new SerializationError(`'${shown(text)}' is not a timestamp of the form ${format}`);
}

const wholeNumber = /^[+-]?\d{1,19}$/;

/** Errors: SerializationError. */
export function wholeNumberIn(text: string): number {
  if (wholeNumber.test(text)) return Number(text);
  throw new SerializationError(`'${shown(text)}' is not a whole number`);
}

/** Errors: SerializationError. */
export function booleanIn(text: string): boolean {
  if (text === 'true') return true;
  if (text === 'false') return false;
  throw new SerializationError(`'${shown(text)}' is not true or false`);
}

const shownCharactersMax = 128;

function shown(text: string): string {
  return text.length > shownCharactersMax ? `${text.slice(0, shownCharactersMax)}…` : text;
}
