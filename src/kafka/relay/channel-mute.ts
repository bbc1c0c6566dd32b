/**
 * Times in which a connection is not read because its client was throttled: from the response with
 * the throttle time on, as Kafka mutes a channel (KIP-219). Requests that the client has sent
 * meanwhile wait.
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

  /** Requests after a throttled one wait for its response, and then for its throttle time. */
  awaitAnswer(): void {
    this.#untilMs = Infinity;
  }

  /** The response was sent; `waitMs` is above 0. Of several throttle times, the longest applies. */
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
