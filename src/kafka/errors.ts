/** The Kafka door's responses to the gateway's errors: one table from kind to Kafka's code. */
import type { ResourceKind } from '../access/authorizer.ts';
import { GatewayError, type ErrorKind } from '../domain/errors.ts';
import { errorCodes } from '../wire/errors.ts';

/** For producers, which retry after temporary errors. */
const codes: Readonly<Record<ErrorKind, number>> = {
  'not-found': errorCodes.UNKNOWN_TOPIC_OR_PARTITION,
  // A record that could be decoded can only be wrong in its size.
  'invalid-argument': errorCodes.MESSAGE_TOO_LARGE,
  'access-denied': errorCodes.TOPIC_AUTHORIZATION_FAILED,
  'policy-violation': errorCodes.POLICY_VIOLATION,
  unavailable: errorCodes.REQUEST_TIMED_OUT,
  'throughput-exceeded': errorCodes.REQUEST_TIMED_OUT,
  'in-use': errorCodes.UNKNOWN_SERVER_ERROR,
  'limit-exceeded': errorCodes.UNKNOWN_SERVER_ERROR,
  conflict: errorCodes.UNKNOWN_SERVER_ERROR,
  internal: errorCodes.UNKNOWN_SERVER_ERROR,
};

/** Kafka's code for an error. An error that is not a GatewayError is a defect of the gateway. */
export function codeOf(error: unknown): number {
  return error instanceof GatewayError ? codes[error.kind] : errorCodes.UNKNOWN_SERVER_ERROR;
}

const refusalCodes: Readonly<Record<ResourceKind, number>> = {
  stream: errorCodes.TOPIC_AUTHORIZATION_FAILED,
  consumer: errorCodes.TOPIC_AUTHORIZATION_FAILED,
  // As for an unknown id: it is not revealed whether the topic exists.
  'topic-id': errorCodes.UNKNOWN_TOPIC_ID,
  // A queue is a share group.
  queue: errorCodes.GROUP_AUTHORIZATION_FAILED,
  group: errorCodes.GROUP_AUTHORIZATION_FAILED,
  'transactional-id': errorCodes.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
  'delegation-token': errorCodes.DELEGATION_TOKEN_AUTHORIZATION_FAILED,
  user: errorCodes.DELEGATION_TOKEN_AUTHORIZATION_FAILED,
  key: errorCodes.CLUSTER_AUTHORIZATION_FAILED,
  all: errorCodes.CLUSTER_AUTHORIZATION_FAILED,
};

/** Kafka's code for a refused access to a resource of this kind. */
export function codeOfRefusal(kind: ResourceKind): number {
  return refusalCodes[kind];
}

/**
 * The code if a lease table cannot be read or written. To all clients it means a coordinator that
 * is not ready yet, and they retry for the usual time: kafka-clients, librdkafka, franz-go and
 * kafkajs alike, for commits, offset fetches and the end of transactions.
 */
export const tableNotReady = errorCodes.COORDINATOR_LOAD_IN_PROGRESS;
