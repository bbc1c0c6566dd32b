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

export type EndingLimits = {
  /** Connections whose clients send no more, and that are not done yet. */
  readonly connectionsMax: number;
  /** Bytes of requests that they hold together. */
  readonly bytesMax: number;
};

/** As many connections as a client's restart may leave behind, and less than all of the memory. */
export const endingLimits: EndingLimits = {
  connectionsMax: 5_000,
  bytesMax: 256 * 1024 * 1024,
};

/** What all connections of a door that are ending hold together. */
export class EndingConnections {
  readonly #limits: EndingLimits;
  #connections = 0;
  #bytes = 0;

  constructor(limits: EndingLimits) {
    this.#limits = limits;
  }

  /** Whether one more may linger; `remove` is to follow. */
  add(bytes: number): boolean {
    const { connectionsMax, bytesMax } = this.#limits;
    if (this.#connections >= connectionsMax || this.#bytes + bytes > bytesMax) return false;
    this.#connections += 1;
    this.#bytes += bytes;
    return true;
  }

  remove(bytes: number): void {
    this.#connections -= 1;
    this.#bytes -= bytes;
  }
}

export type ConnectionEndSettings = {
  readonly all: EndingConnections;
  /** Bytes of requests that are not with the broker yet. */
  readonly heldBytes: () => number;
  /** Whether every whole request is delivered, and what the gateway does with answers is done. */
  readonly isDone: (waitsForAnswers: boolean) => boolean;
  readonly onDone: () => void;
  /** It was not done in time, or there is no room for one more that lingers. */
  readonly onLate: () => void;
};

export class ConnectionEnd {
  readonly #settings: ConnectionEndSettings;
  #hasBegun = false;
  #isClosed = false;
  #waitsForAnswers = true;
  #timer: NodeJS.Timeout | undefined;
  /** What is counted among all connections that are ending. */
  #counted: number | undefined;

  constructor(settings: ConnectionEndSettings) {
    this.#settings = settings;
  }

  /** Whether the client sends no more. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** The client sends no more; `check` is to follow, and `linger` where it is not done then. */
  begin(): void {
    this.#hasBegun = true;
  }

  /** What is not done at once takes room until it is, or until it is late. */
  linger(): void {
    if (this.#isClosed || this.#counted !== undefined) return;
    const { all, heldBytes, onLate } = this.#settings;
    const bytes = heldBytes();
    if (!all.add(bytes)) return onLate();
    this.#counted = bytes;
    this.#timer = setTimeout(() => {
      this.#waitsForAnswers = false;
      this.#timer = setTimeout(onLate, endingMsMax - answersMsMax);
      this.check();
    }, answersMsMax);
  }

  /** To be called after whatever may have been the last to do. */
  check(): void {
    if (!this.#hasBegun || this.#isClosed) return;
    if (this.#settings.isDone(this.#waitsForAnswers)) this.#settings.onDone();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    if (this.#counted !== undefined) this.#settings.all.remove(this.#counted);
    this.#counted = undefined;
  }
}
