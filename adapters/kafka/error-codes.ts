/**
 * Kafka's error codes that the gateway's own requests can meet, by name, with what they mean to it.
 * Source: the Kafka protocol guide, "Error Codes".
 */
import { type ErrorKind, GatewayError } from '../../src/domain/errors.ts';
import type { LogPartition } from '../../src/ports/record-log.ts';

type Meaning = {
  readonly name: string;
  readonly kind: ErrorKind;
  /** Nothing was done, and after new metadata or a moment it may go well. */
  readonly retriable?: boolean;
};

export const noError = 0;
export const offsetOutOfRange = 1;
export const unknownTopicOrPartition = 3;
export const messageTooLarge = 10;
export const recordListTooLarge = 18;

const meanings: Readonly<Record<number, Meaning>> = {
  1: { name: 'OFFSET_OUT_OF_RANGE', kind: 'invalid-argument' },
  2: { name: 'CORRUPT_MESSAGE', kind: 'unavailable', retriable: true },
  3: { name: 'UNKNOWN_TOPIC_OR_PARTITION', kind: 'not-found', retriable: true },
  5: { name: 'LEADER_NOT_AVAILABLE', kind: 'unavailable', retriable: true },
  6: { name: 'NOT_LEADER_OR_FOLLOWER', kind: 'unavailable', retriable: true },
  // The record may be in the log: only the caller may decide to write it again.
  7: { name: 'REQUEST_TIMED_OUT', kind: 'unavailable' },
  10: { name: 'MESSAGE_TOO_LARGE', kind: 'invalid-argument' },
  17: { name: 'INVALID_TOPIC_EXCEPTION', kind: 'invalid-argument' },
  18: { name: 'RECORD_LIST_TOO_LARGE', kind: 'invalid-argument' },
  19: { name: 'NOT_ENOUGH_REPLICAS', kind: 'unavailable', retriable: true },
  20: { name: 'NOT_ENOUGH_REPLICAS_AFTER_APPEND', kind: 'unavailable' },
  29: { name: 'TOPIC_AUTHORIZATION_FAILED', kind: 'access-denied' },
  36: { name: 'TOPIC_ALREADY_EXISTS', kind: 'in-use' },
  37: { name: 'INVALID_PARTITIONS', kind: 'invalid-argument' },
  38: { name: 'INVALID_REPLICATION_FACTOR', kind: 'invalid-argument' },
  40: { name: 'INVALID_CONFIG', kind: 'invalid-argument' },
  41: { name: 'NOT_CONTROLLER', kind: 'unavailable', retriable: true },
  44: { name: 'POLICY_VIOLATION', kind: 'policy-violation' },
  56: { name: 'KAFKA_STORAGE_ERROR', kind: 'unavailable', retriable: true },
  74: { name: 'FENCED_LEADER_EPOCH', kind: 'unavailable', retriable: true },
  75: { name: 'UNKNOWN_LEADER_EPOCH', kind: 'unavailable', retriable: true },
  78: { name: 'OFFSET_NOT_AVAILABLE', kind: 'unavailable', retriable: true },
  87: { name: 'INVALID_RECORD', kind: 'invalid-argument' },
  89: { name: 'THROTTLING_QUOTA_EXCEEDED', kind: 'throughput-exceeded', retriable: true },
  100: { name: 'UNKNOWN_TOPIC_ID', kind: 'not-found', retriable: true },
};

export function isRetriable(code: number): boolean {
  return meanings[code]?.retriable === true;
}

/** The gateway's error for a code, with what was asked for and what Kafka said about it. */
export function errorOf(
  code: number,
  what: string,
  detail?: string | null,
  cause?: unknown,
): GatewayError {
  const meaning = meanings[code];
  const name = meaning?.name ?? `error ${code}`;
  const said = detail === undefined || detail === null || detail === '' ? '' : `: ${detail}`;
  const message = `${what}: Kafka answered ${name}${said}`;
  return new GatewayError(meaning?.kind ?? 'internal', message, { cause });
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
