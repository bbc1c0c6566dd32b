/**
 * Maps the gateway's errors to those of Kinesis. Source of names and statuses: the "Errors"
 * sections of the Amazon Kinesis Data Streams API reference and its "Common Errors" page.
 */
import type { ErrorKind } from '../../domain/errors.ts';
import { GatewayError } from '../../domain/errors.ts';
import { AwsError, commonExceptions, internalFailure } from '../protocol/errors.ts';

const exceptions = {
  ...commonExceptions,
  DryRunOperationException: 400,
  ExpiredIteratorException: 400,
  ExpiredNextTokenException: 400,
  InvalidArgumentException: 400,
  KMSAccessDeniedException: 400,
  KMSDisabledException: 400,
  KMSInvalidStateException: 400,
  KMSNotFoundException: 400,
  KMSOptInRequired: 400,
  KMSThrottlingException: 400,
  LimitExceededException: 400,
  ProvisionedThroughputExceededException: 400,
  ResourceInUseException: 400,
  ResourceNotFoundException: 400,
  ThrottlingException: 400,
} as const satisfies Record<string, number>;

export type ExceptionName = keyof typeof exceptions;
export const exceptionNames = (Object.keys(exceptions) as ExceptionName[]).toSorted();

export class KinesisError extends AwsError {
  declare readonly exception: ExceptionName;

  constructor(exception: ExceptionName, message: string, options?: { cause?: unknown }) {
    super(exception, exceptions[exception], message, options);
    this.name = 'KinesisError';
  }
}

const exceptionOfKind: Readonly<Record<ErrorKind, ExceptionName>> = {
  'not-found': 'ResourceNotFoundException',
  'in-use': 'ResourceInUseException',
  'invalid-argument': 'InvalidArgumentException',
  'limit-exceeded': 'LimitExceededException',
  'throughput-exceeded': 'ProvisionedThroughputExceededException',
  conflict: 'ResourceInUseException',
  'policy-violation': 'InvalidArgumentException',
  unavailable: 'ServiceUnavailable',
  'access-denied': 'AccessDeniedException',
  internal: 'InternalFailure',
};

/** An error as Kinesis returns it. */
export function toKinesisError(error: unknown): AwsError {
  if (error instanceof AwsError) return error;
  if (error instanceof GatewayError && error.kind !== 'internal') {
    return new KinesisError(exceptionOfKind[error.kind], error.message, { cause: error });
  }
  return internalFailure(error);
}

/** For these, AWS capitalizes the member `Message`. */
const capitalized: ReadonlySet<string> = new Set([
  'AccessDeniedException',
  'SerializationException',
]);

export function exceptionBody(error: AwsError): Record<string, string> {
  const body: Record<string, string> = { __type: error.exception };
  const member = capitalized.has(error.exception) ? 'Message' : 'message';
  if (error.message !== '') body[member] = error.message;
  return body;
}

export function streamNotFound(name: string, account: string): KinesisError {
  return new KinesisError(
    'ResourceNotFoundException',
    `Stream ${name} under account ${account} not found.`,
  );
}

export function shardNotFound(shardId: string, stream: string, account: string): KinesisError {
  return new KinesisError(
    'ResourceNotFoundException',
    `Shard ${shardId} in stream ${stream} under account ${account} does not exist`,
  );
}

export function streamNotActive(name: string, account: string, status: string): KinesisError {
  return new KinesisError(
    'ResourceInUseException',
    `Stream ${name} under account ${account} not ACTIVE, instead in state ${status}`,
  );
}

/** `owner`: the subject of the rate, such as "stream orders under account 000000000000". */
export function rateExceeded(owner: string): KinesisError {
  return new KinesisError('LimitExceededException', `Rate exceeded for ${owner}.`);
}

/** The response to a valid request with DryRun. */
export function dryRun(operation: string): KinesisError {
  return new KinesisError(
    'DryRunOperationException',
    `DryRunOperation validation succeeded while calling ${operation} operation.: ` +
      'Request would have succeeded, but DryRun flag is set.',
  );
}

export function validationFailed(message: string): KinesisError {
  return new KinesisError('ValidationException', message);
}

export function invalidArgument(message: string): KinesisError {
  return new KinesisError('InvalidArgumentException', message);
}
