/** A request and its response, independent of the version of HTTP. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { Session } from '../../access/session.ts';

export type HttpRequest = {
  readonly method: string;
  /** The target of the request line. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** Alternating names and values, exactly as received, which are the input of a signature. */
  readonly rawHeaders: readonly string[];
  readonly session: Session;
  readonly signal: AbortSignal;
  /**
   * Synchronous if the body is there already. Errors: AwsError if it is too large or does not
   * arrive.
   */
  body(bytesMax: number): Promise<Buffer> | Buffer;
  /**
   * The body as it arrives, with back-pressure; `arrived` is called with the size of each piece.
   * Fails with an AwsError if it becomes too large or stalls.
   */
  stream(bytesMax: number, arrived: (bytes: number) => void): Readable;
};

/** A request's metrics. Those of a stream grow until the stream has ended. */
export type Traffic = {
  /** `unknown` if no service recognises the request. */
  readonly service: string;
  readonly operation: string;
  readonly bytesIn: number;
  readonly records: number;
};

export type HttpResponse = {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Buffer | string | Readable;
  /** To be called when the body was sent, or cannot be. */
  readonly release?: (() => void) | undefined;
  /** Whether the request's body is no longer needed once there is a response. */
  readonly bodyIsCopied: boolean;
  readonly error?: string;
  readonly traffic: Traffic;
};
