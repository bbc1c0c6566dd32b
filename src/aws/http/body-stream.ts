/** A request's body as a stream, for actions whose bodies are never completely in memory. */
import { Readable } from 'node:stream';
import type { AwsError } from '../protocol/errors.ts';
import { type BodySource, incomplete, tooLarge } from './body.ts';

/** How much is read ahead of the action; beyond it, the client waits. */
const aheadBytesMax = 64 * 1024;

export type StreamLimits = {
  readonly bytesMax: number;
  /**
   * The body fails if nothing arrives for this long. The time does not count while the action does
   * not read, because then the client cannot send.
   */
  readonly silenceMsMax: number;
};

/**
 * `arrived` is called with the size of each piece. The stream's errors: RequestTimeoutException,
 * RequestEntityTooLargeException.
 */
export class BodyStream extends Readable {
  readonly #source: BodySource;
  readonly #limits: StreamLimits;
  readonly #arrived: (bytes: number) => void;
  #length = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(source: BodySource, limits: StreamLimits, arrived: (bytes: number) => void) {
    super({ highWaterMark: aheadBytesMax });
    this.#source = source;
    this.#limits = limits;
    this.#arrived = arrived;
    // Its reader receives errors; without a reader they do not matter.
    this.on('error', () => {});
  }

  override _construct(done: (error?: Error | null) => void): void {
    const source = this.#source;
    source.on('data', this.#take);
    source.on('end', this.#finish);
    source.on('error', this.#fail);
    source.on('aborted', this.#cutOff);
    source.on('close', this.#cutOff);
    source.pause();
    // If the client has disconnected before, no further event would come.
    done(source.destroyed || source.aborted ? incomplete('whole') : null);
  }

  override _read(): void {
    this.#stopWaiting();
    this.#timer = setTimeout(
      () => this.#breakOff(incomplete('in time')),
      this.#limits.silenceMsMax,
    );
    this.#source.resume();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#stopWaiting();
    const source = this.#source;
    source.removeListener('data', this.#take);
    source.removeListener('end', this.#finish);
    source.removeListener('error', this.#fail);
    source.removeListener('aborted', this.#cutOff);
    source.removeListener('close', this.#cutOff);
    // What still comes is dropped, so that it takes no room on the connection; its errors are no
    // news.
    source.once('error', () => {});
    source.resume();
    done(error);
  }

  readonly #take = (chunk: Buffer): void => {
    this.#length += chunk.length;
    if (this.#length > this.#limits.bytesMax) {
      this.#breakOff(tooLarge(this.#limits.bytesMax));
      return;
    }
    this.#arrived(chunk.length);
    if (this.push(chunk)) {
      this.#timer?.refresh();
      return;
    }
    this.#stopWaiting();
    this.#source.pause();
  };

  readonly #finish = (): void => {
    this.#stopWaiting();
    this.push(null);
  };

  readonly #fail = (cause?: Error): void => this.#breakOff(incomplete('whole', cause));

  readonly #cutOff = (): void => {
    // A source that has ended is closed, too.
    if (!this.#source.readableEnded) this.#fail();
  };

  #breakOff(error: AwsError): void {
    this.destroy(error);
  }

  #stopWaiting(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
