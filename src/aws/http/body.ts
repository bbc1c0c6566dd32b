/** Reads request bodies, within limits of size and time. */
import { type AwsError, commonError } from '../protocol/errors.ts';

/** A request of HTTP/1.1 or HTTP/2. */
export type BodySource = NodeJS.ReadableStream & {
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly destroyed: boolean;
  readonly aborted: boolean;
  readonly readableEnded: boolean;
};

/** The Content-Length; undefined if the client did not send one. */
export function declaredLength({ headers }: Pick<BodySource, 'headers'>): number | undefined {
  const declared = headers['content-length'];
  return declared === undefined ? undefined : Number(declared);
}

/** Reads a whole body. Errors: RequestEntityTooLargeException, RequestTimeoutException. */
export function readBody(source: BodySource, bytesMax: number, timeoutMs: number): Promise<Buffer> {
  if ((declaredLength(source) ?? 0) > bytesMax) return Promise.reject(tooLarge(bytesMax));
  // The client has disconnected while its body waited for memory: no further event would come.
  if (source.destroyed || source.aborted) return Promise.reject(incomplete('whole'));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const stopListening = (): void => {
      clearTimeout(timer);
      source.removeListener('data', take);
      source.removeListener('end', finish);
      source.removeListener('error', fail);
      source.removeListener('aborted', cutOff);
      source.removeListener('close', cutOff);
    };
    const take = (chunk: Buffer): void => {
      length += chunk.length;
      chunks.push(chunk);
      if (length <= bytesMax) return;
      stopListening();
      // The rest of the body is ignored, and so are its errors.
      source.once('error', () => {});
      reject(tooLarge(bytesMax));
    };
    const finish = (): void => {
      stopListening();
      resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, length));
    };
    const fail = (cause?: Error): void => {
      stopListening();
      reject(incomplete('whole', cause));
    };
    const cutOff = (): void => fail();
    const timer = setTimeout(() => {
      stopListening();
      reject(incomplete('in time'));
    }, timeoutMs);
    source.on('data', take);
    source.on('end', finish);
    source.on('error', fail);
    source.on('aborted', cutOff);
    source.on('close', cutOff);
  });
}

export function tooLarge(bytesMax: number): AwsError {
  return commonError(
    'RequestEntityTooLargeException',
    `The request body is larger than ${bytesMax} bytes.`,
  );
}

/** `how` completes the sentence "did not arrive …", such as "in time". */
export function incomplete(how: string, cause?: unknown): AwsError {
  return commonError('RequestTimeoutException', `The request body did not arrive ${how}.`, {
    cause,
  });
}
