/**
 * Times in which a connection is not read, because its client was told to wait: from the answer
 * that says so on, as Kafka mutes a channel (KIP-219). What the client has sent by then waits.
 */
export class ChannelMute {
  readonly #onOver: () => void;
  #untilMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(onOver: () => void) {
    this.#onOver = onOver;
  }

  get isOn(): boolean {
    return this.#untilMs > 0;
  }

  /** What comes behind a request waits for its answer, and then for as long as that says. */
  awaitAnswer(): void {
    this.#untilMs = Infinity;
  }

  /** The answer is on its way; `waitMs` above 0. Of several waits the longest counts. */
  start(waitMs: number): void {
    const untilMs = performance.now() + waitMs;
    if (this.#timer !== undefined && untilMs <= this.#untilMs) return;
    this.#untilMs = untilMs;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#untilMs = 0;
      this.#onOver();
    }, waitMs);
  }

  close(): void {
    clearTimeout(this.#timer);
  }
}
