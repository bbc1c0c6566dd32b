/**
 * The gateway's own errors. Whatever goes wrong below the two front doors is thrown as a
 * GatewayError of one of these kinds; each front door has one table from kind to wire error.
 */
export type ErrorKind =
  /** The named thing (stream, shard, log) does not exist. */
  | 'not-found'
  /** The named thing already exists, or is in a state that forbids the operation. */
  | 'in-use'
  /** The caller's argument is wrong in itself. */
  | 'invalid-argument'
  /** The operation would exceed a limit on a count or a size. */
  | 'limit-exceeded'
  /** A rate limit was exceeded; the caller may retry later. */
  | 'throughput-exceeded'
  /** A condition on a version did not hold: another writer changed it first. */
  | 'conflict'
  /** The rules of the stream forbid this operation on it. */
  | 'policy-violation'
  /** A backing engine did not answer, or answered that it cannot serve now. */
  | 'unavailable'
  /** The caller is not allowed to do this. */
  | 'access-denied'
  /** Anything else: a defect of the gateway, or an answer that it did not expect. */
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

/** The operation was not carried out, and a retry would fail in the same way. */
export function isRefusal(error: unknown): boolean {
  return error instanceof GatewayError && refusals.has(error.kind);
}

export function isGatewayError(error: unknown, kind?: ErrorKind): error is GatewayError {
  return error instanceof GatewayError && (kind === undefined || error.kind === kind);
}
