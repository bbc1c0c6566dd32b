/**
 * Exceptions as AWS answers them, and those that every service has. Source: "Common Errors" of the
 * Amazon Kinesis Data Streams API reference, which the other services' references repeat. What a
 * service adds, and what it makes of the gateway's own errors, is in its folder.
 */

/** With the status that services with JSON bodies answer. */
export const commonExceptions = {
  AccessDeniedException: 400,
  IncompleteSignatureException: 400,
  InternalFailure: 500,
  InvalidSignatureException: 400,
  MissingAuthenticationTokenException: 400,
  RequestEntityTooLargeException: 413,
  RequestTimeoutException: 408,
  SerializationException: 400,
  ServiceUnavailable: 503,
  UnknownOperationException: 400,
  UnrecognizedClientException: 400,
  ValidationException: 400,
} as const satisfies Record<string, number>;

export type CommonException = keyof typeof commonExceptions;

/** An exception exactly as AWS answers it. */
export class AwsError extends Error {
  readonly exception: string;
  readonly status: number;

  constructor(exception: string, status: number, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'AwsError';
    this.exception = exception;
    this.status = status;
  }
}

export function commonError(
  exception: CommonException,
  message: string,
  options?: { cause?: unknown },
): AwsError {
  return new AwsError(exception, commonExceptions[exception], message, options);
}

/** A body, or a member of it, that is not of the shape's type. */
export class SerializationError extends AwsError {
  constructor(message = '') {
    super('SerializationException', commonExceptions.SerializationException, message);
  }
}

/** The answer to what nobody foresaw; it tells no secrets. */
export function internalFailure(cause: unknown): AwsError {
  const message = 'The request processing has failed because of an internal error.';
  return commonError('InternalFailure', message, { cause });
}

/** Whether the log should hold it: the caller can do nothing about these. */
export function isOurFault(error: AwsError): boolean {
  return error.status >= 500;
}
