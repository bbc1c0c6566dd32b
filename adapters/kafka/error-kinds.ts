/**
 * Maps Kafka's errors in responses to the gateway's own requests to kinds of GatewayError.
 */
import { type ErrorKind, GatewayError } from '../../src/domain/errors.ts';
import type { LogPartition } from '../../src/ports/record-log.ts';
import {
  errorCodes,
  errorName,
  type ErrorName,
  isRetriable as isRetriableForClients,
} from '../../src/wire/errors.ts';

/** Other errors are `unavailable` if Kafka's client retries after them, and else `internal`. */
const kinds: Readonly<Partial<Record<ErrorName, ErrorKind>>> = {
  OFFSET_OUT_OF_RANGE: 'invalid-argument',
  UNKNOWN_TOPIC_OR_PARTITION: 'not-found',
  MESSAGE_TOO_LARGE: 'invalid-argument',
  INVALID_TOPIC_EXCEPTION: 'invalid-argument',
  RECORD_LIST_TOO_LARGE: 'invalid-argument',
  GROUP_ID_NOT_FOUND: 'not-found',
  TOPIC_AUTHORIZATION_FAILED: 'access-denied',
  GROUP_AUTHORIZATION_FAILED: 'access-denied',
  CLUSTER_AUTHORIZATION_FAILED: 'access-denied',
  TOPIC_ALREADY_EXISTS: 'in-use',
  INVALID_PARTITIONS: 'invalid-argument',
  INVALID_REPLICATION_FACTOR: 'invalid-argument',
  INVALID_REPLICA_ASSIGNMENT: 'invalid-argument',
  INVALID_CONFIG: 'invalid-argument',
  INVALID_REQUEST: 'invalid-argument',
  REASSIGNMENT_IN_PROGRESS: 'unavailable',
  TOPIC_DELETION_DISABLED: 'policy-violation',
  POLICY_VIOLATION: 'policy-violation',
  INVALID_RECORD: 'invalid-argument',
  THROTTLING_QUOTA_EXCEEDED: 'throughput-exceeded',
  UNKNOWN_TOPIC_ID: 'not-found',
};

/** The record may be in the log: only the caller may decide to retry. */
const mayBeWritten: ReadonlySet<number> = new Set([
  errorCodes.REQUEST_TIMED_OUT,
  errorCodes.NOT_ENOUGH_REPLICAS_AFTER_APPEND,
]);

/** Nothing was done; a retry may succeed, with new metadata or after a delay. */
export function isRetriable(code: number): boolean {
  return isRetriableForClients(code) && !mayBeWritten.has(code);
}

/** The gateway's error for a code, with the request's purpose and Kafka's message. */
export function errorOf(
  code: number,
  what: string,
  detail?: string | null,
  cause?: unknown,
): GatewayError {
  const name = errorName(code);
  const said = detail === undefined || detail === null || detail === '' ? '' : `: ${detail}`;
  const message = `${what}: Kafka answered ${name}${said}`;
  const kind =
    kinds[name as ErrorName] ?? (isRetriableForClients(code) ? 'unavailable' : 'internal');
  return new GatewayError(kind, message, { cause });
}

/** Kafka's error for one partition of a request. */
export class CodeError extends GatewayError {
  readonly code: number;

  constructor(code: number, where: LogPartition) {
    const { kind, message } = errorOf(code, `partition ${where.partition} of ${where.log}`);
    super(kind, message);
    this.code = code;
  }
}
