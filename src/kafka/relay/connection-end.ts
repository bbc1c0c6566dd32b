/**
 * The end of a connection whose client sends no more. What it has sent whole is still delivered,
 * and answered where the client has closed its own half only: a client that closes right behind a
 * Produce request with acks=0 relies on that, because Kafka does it. The connection ends when all
 * is done, or after endingMsMax at the latest.
 */

/** From the end of what the client sends to the end of the connection. */
export const endingMsMax = 60_000;
/** For answers to requests that the broker has: a client that closes seldom waits for them. */
const answersMsMax = 10_000;

export type ConnectionEndSettings = {
  /** Whether every whole request is delivered, and what the gateway does with answers is done. */
  readonly isDone: (waitsForAnswers: boolean) => boolean;
  readonly onDone: () => void;
  /** It was not done in time. */
  readonly onLate: () => void;
};

export class ConnectionEnd {
  readonly #settings: ConnectionEndSettings;
  #timer: NodeJS.Timeout | undefined;
  #answers: NodeJS.Timeout | undefined;
  #waitsForAnswers = true;

  constructor(settings: ConnectionEndSettings) {
    this.#settings = settings;
  }

  /** Whether the client sends no more. */
  get hasBegun(): boolean {
    return this.#timer !== undefined;
  }

  begin(): void {
    if (this.hasBegun) return;
    this.#timer = setTimeout(this.#settings.onLate, endingMsMax);
    this.#answers = setTimeout(() => {
      this.#waitsForAnswers = false;
      this.check();
    }, answersMsMax);
  }

  /** To be called after whatever may have been the last to do. */
  check(): void {
    if (this.hasBegun && this.#settings.isDone(this.#waitsForAnswers)) this.#settings.onDone();
  }

  close(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#answers);
  }
}
