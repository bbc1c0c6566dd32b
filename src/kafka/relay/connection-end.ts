/**
 * The end of a connection whose client sends no more. What it has sent whole is still delivered,
 * and answered where the client has closed its own half only: a client that closes right behind a
 * Produce request with acks=0 relies on that, because Kafka does it. The connection ends when all
 * is done, or after endingMsMax at the latest.
 */

/** From the end of what the client sends to the end of the connection. */
export const endingMsMax = 60_000;

export type ConnectionEndSettings = {
  /** Whether every whole request is delivered, and what the gateway does with answers is done. */
  readonly isDone: () => boolean;
  readonly onDone: () => void;
  /** It was not done in time. */
  readonly onLate: () => void;
};

export class ConnectionEnd {
  readonly #settings: ConnectionEndSettings;
  #timer: NodeJS.Timeout | undefined;

  constructor(settings: ConnectionEndSettings) {
    this.#settings = settings;
  }

  /** Whether the client sends no more. */
  get hasBegun(): boolean {
    return this.#timer !== undefined;
  }

  begin(): void {
    this.#timer ??= setTimeout(this.#settings.onLate, endingMsMax);
  }

  /** To be called after whatever may have been the last to do. */
  check(): void {
    if (this.hasBegun && this.#settings.isDone()) this.#settings.onDone();
  }

  close(): void {
    clearTimeout(this.#timer);
  }
}
