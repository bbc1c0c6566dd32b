/**
 * The end of a connection after its client's last data. Complete requests are still delivered, and
 * answered if the client has only half-closed: a client that closes right after a Produce request
 * with acks=0 relies on that, because Kafka does so. The connection is closed when everything is
 * done, or after endingMsMax at the latest.
 */

/** The longest time from the end of the client's data to the end of the connection. */
export const endingMsMax = 60_000;
/**
 * The longest wait for responses once the broker has all requests: a client that closes rarely
 * waits for them.
 */
const answersMsMax = 10_000;

export type EndingLimits = {
  /** Connections that linger after the end of their clients' data. */
  readonly connectionsMax: number;
  /** The total bytes of requests that they hold. */
  readonly bytesMax: number;
};

/**
 * As many connections as the restart of clients may leave behind, within a fraction of the memory.
 */
export const endingLimits: EndingLimits = {
  connectionsMax: 5_000,
  bytesMax: 256 * 1024 * 1024,
};

/** The total of all lingering connections of a door. */
export class EndingConnections {
  readonly #limits: EndingLimits;
  #connections = 0;
  #bytes = 0;

  constructor(limits: EndingLimits) {
    this.#limits = limits;
  }

  /** Whether another connection may linger; if so, `remove` must follow. */
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
  /** Bytes of requests that the broker does not have yet. */
  readonly heldBytes: () => number;
  /** Whether all complete requests are delivered, and the gateway has processed their responses. */
  readonly isDone: (waitsForAnswers: boolean) => boolean;
  readonly onDone: () => void;
  /** It was not done in time, or too many connections linger. */
  readonly onLate: () => void;
};

export class ConnectionEnd {
  readonly #settings: ConnectionEndSettings;
  #hasBegun = false;
  #isClosed = false;
  #waitsForAnswers = true;
  #timer: NodeJS.Timeout | undefined;
  /** This connection's share of the total of lingering connections. */
  #counted: number | undefined;

  constructor(settings: ConnectionEndSettings) {
    this.#settings = settings;
  }

  /** Whether the client's data has ended. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** The client's data has ended; `check` must follow, and `linger` if it is not done then. */
  begin(): void {
    this.#hasBegun = true;
  }

  /** A connection that is not done at once counts as lingering until it is done or late. */
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

  /** To be called after every step that may have been the last one. */
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
