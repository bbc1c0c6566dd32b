/** Makes the value of a record readable. */
export type ValueDecoder = {
  /** Undefined where the value is not in the decoder's format. Errors: `unavailable`. */
  decode(value: Buffer): Promise<unknown>;
};
