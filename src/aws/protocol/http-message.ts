/** A request and its answer, whichever HTTP they came by. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { Session } from '../../access/session.ts';

export type HttpRequest = {
  readonly method: string;
  /** The target of the request line. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** Names and values by turns, exactly as they came: what a signature is made of. */
  readonly rawHeaders: readonly string[];
  readonly session: Session;
  readonly signal: AbortSignal;
  /** At once where it is there. Errors: AwsError: it is too large, or does not arrive. */
  body(bytesMax: number): Promise<Buffer> | Buffer;
  /**
   * The body as it comes, at its reader's pace; `arrived` is called with the size of each piece.
   * It breaks off with an AwsError where it gets too large, or no more of it comes.
   */
  stream(bytesMax: number, arrived: (bytes: number) => void): Readable;
};

/** What the metrics say of a request. That of a stream grows until the stream has ended. */
export type Traffic = {
  readonly operation: string;
  readonly bytesIn: number;
  readonly records: number;
};

export type HttpResponse = {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Buffer | string | Readable;
  /** To be called when the body is sent, or never will be. */
  readonly release?: (() => void) | undefined;
  /** Whether the request's body is no longer needed once there is an answer. */
  readonly bodyIsCopied: boolean;
  readonly error?: string;
  readonly traffic: Traffic;
};
