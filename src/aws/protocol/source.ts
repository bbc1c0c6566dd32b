/** How the values of a request stand on the wire. */
import { Base64Reader } from './base64.ts';
import type { TimestampFormat } from './text.ts';

/** Of bodies. */
export type Format = 'json' | 'cbor';

/** How the values that are read stand on the wire. */
export type Source = {
  /** `text`: every scalar is a string, as in forms, queries and headers. */
  readonly format: Format | 'text';
  readonly base64: Base64Reader;
  /** How timestamps stand in text, where their shape does not say. */
  readonly timestamps: TimestampFormat;
  /**
   * Whether a value is refused that would have to be bent to fit: numbers with a fraction or out of
   * range, words for true and false, null inside lists and maps.
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
/** Of forms, queries and labels of paths. */
export const textSource: Source = {
  ...jsonSource,
  format: 'text',
  timestamps: 'date-time',
  isStrict: true,
};
export const headerSource: Source = { ...textSource, timestamps: 'http-date' };
