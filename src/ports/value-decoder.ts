/** Decodes the value of a record for display. */
export type ValueDecoder = {
  /** Undefined if the value is not in the decoder's format. Errors: `unavailable`. */
  decode(value: Buffer): Promise<unknown>;
};
