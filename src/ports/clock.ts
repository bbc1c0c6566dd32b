/** The gateway's clock. A port, so that a retention of 30 days can be tested. */
export type Clock = {
  /** Milliseconds since the epoch. */
  nowMs(): number;
};
