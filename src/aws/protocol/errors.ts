/**
 * AWS's exceptions, and those that all services have. Source: "Common Errors" of the Amazon Kinesis
 * Data Streams API reference, which the other services' references repeat. A service's own
 * exceptions, and its mapping of the gateway's errors, are in its folder.
 */

/** With the HTTP status of services with JSON bodies. */
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

/** An exception exactly as AWS returns it. */
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

/** A body, or a member of it, that does not have the shape's type. */
export class SerializationError extends AwsError {
  constructor(message = '') {
    super('SerializationException', commonExceptions.SerializationException, message);
  }
}

/** The response to unexpected errors; it reveals no details. */
export function internalFailure(cause: unknown): AwsError {
  const message = 'The request processing has failed because of an internal error.';
  return commonError('InternalFailure', message, { cause });
}

/** Whether it should be logged, because the caller cannot fix it. */
export function isOurFault(error: AwsError): boolean {
  return error.status >= 500;
}
