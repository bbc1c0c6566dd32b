/** The wire format of a request's values. */
import { Base64Reader } from './base64.ts';
import type { TimestampFormat } from './text.ts';

/** Of bodies. */
export type Format = 'json' | 'cbor';

/** The wire format of the values to read. */
export type Source = {
  /** `text`: all scalars are strings, as in forms, queries and headers. */
  readonly format: Format | 'text';
  readonly base64: Base64Reader;
  /** The format of timestamps in text, unless their shape has one. */
  readonly timestamps: TimestampFormat;
  /**
   * Whether values that need a conversion are refused: numbers with a fraction or out of range,
   * strings for booleans, null in lists and maps.
   */
  readonly isStrict: boolean;
};

const unshared = new Base64Reader(0);
export const jsonSource: Source = {
  format: 'json',
  base64: unshared,
  timestamps: 'epoch-seconds',
  isStrict: false,
};
export const cborSource: Source = { ...jsonSource, format: 'cbor' };
/** For forms, queries and path labels. */
export const textSource: Source = {
  ...jsonSource,
  format: 'text',
  timestamps: 'date-time',
  isStrict: true,
};
export const headerSource: Source = { ...textSource, timestamps: 'http-date' };
