/**
 * The gateway's own errors. Whatever goes wrong below the two front doors is thrown as a
 * GatewayError of one of these kinds; each front door has one table from kind to wire error.
 */
export type ErrorKind =
  /** The named thing (stream, shard, log) does not exist. */
  | 'not-found'
  /** The named thing exists already, or is in a state that forbids the operation. */
  | 'in-use'
  /** The caller's argument is wrong in itself. */
  | 'invalid-argument'
  /** A count or size limit of the product would be passed. */
  | 'limit-exceeded'
  /** A rate limit was passed; the caller may try again later. */
  | 'throughput-exceeded'
  /** A condition on a version did not hold: somebody else changed it first. */
  | 'conflict'
  /** The rules of the stream forbid this operation on it. */
  | 'policy-violation'
  /** A backing engine did not answer, or answered that it cannot serve now. */
  | 'unavailable'
  /** The caller is not allowed to do this. */
  | 'access-denied'
  /** Anything else: a defect of ours, or an answer that nobody expected. */
  | 'internal';

export class GatewayError extends Error {
  readonly kind: ErrorKind;

  constructor(kind: ErrorKind, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'GatewayError';
    this.kind = kind;
  }
}

const refusals: ReadonlySet<ErrorKind> = new Set([
  'invalid-argument',
  'limit-exceeded',
  'policy-violation',
  'access-denied',
]);

/** It was not done, and would not be done if it were asked for again. */
export function isRefusal(error: unknown): boolean {
  return error instanceof GatewayError && refusals.has(error.kind);
}

export function isGatewayError(error: unknown, kind?: ErrorKind): error is GatewayError {
  return error instanceof GatewayError && (kind === undefined || error.kind === kind);
}
