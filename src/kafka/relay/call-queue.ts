/** Unanswered requests of one client connection, in the order of their responses. */
import type { RequestHead } from '../../wire/scan/request-head.ts';
import type { ExpectedAnswer, KafkaApi } from '../api.ts';

/** A request of the client. */
export type ClientCall = ExpectedAnswer & {
  readonly api: KafkaApi;
  readonly head: RequestHead;
  readonly startedAtMs: number;
  /**
   * `relay`: the broker's response is forwarded as it arrives. `hook`: a hook processes it first.
   * `local`: the gateway responds; `pieces` is set once the response is known.
   */
  kind: 'relay' | 'hook' | 'local';
  readonly note: unknown;
  pieces: readonly Buffer[] | undefined;
  onAnswered: (() => void) | undefined;
};

/** A request of the gateway's own, whose response the client does not get. */
export type OwnCall = {
  readonly kind: 'own';
  readonly head: RequestHead;
  /** Receives the response without its length field; an error closes the connection. */
  readonly take: (frame: Buffer) => void;
  onAnswered: (() => void) | undefined;
};

export type PendingCall = ClientCall | OwnCall;

export class CallQueue {
  #calls: PendingCall[] = [];
  #head = 0;

  get length(): number {
    return this.#calls.length - this.#head;
  }

  first(): PendingCall | undefined {
    return this.#calls[this.#head];
  }

  /** The call at this distance from the first. */
  at(index: number): PendingCall | undefined {
    return this.#calls[this.#head + index];
  }

  /**
   * Adds a request that goes to the broker, and whose response goes to the client; its hooks get
   * `note`.
   */
  expect(head: RequestHead, api: KafkaApi, note: unknown): ClientCall {
    // An API that decides by its note whether a response passes has to be asked.
    const isHooked =
      api.onResponse !== undefined || (note !== undefined && api.passes !== undefined);
    const call: ClientCall = {
      api,
      head,
      startedAtMs: performance.now(),
      kind: isHooked ? 'hook' : 'relay',
      note,
      pieces: undefined,
      throttle: undefined,
      onAnswered: undefined,
    };
    this.#calls.push(call);
    return call;
  }

  /** Adds a request of the gateway's own; `take` gets the response without its length field. */
  expectOwn(head: RequestHead, take: (frame: Buffer) => void): void {
    this.#calls.push({ kind: 'own', head, take, onAnswered: undefined });
  }

  /**
   * Resolves when all earlier requests of this API are answered; only one caller may wait at a
   * time.
   */
  whenAnswered(key: number): Promise<void> {
    const last = this.#calls.findLast(({ head }, at) => at >= this.#head && head.key === key);
    if (last === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      last.onAnswered = resolve;
    });
  }

  shift(): void {
    this.first()?.onAnswered?.();
    this.#head++;
    if (this.#head === this.#calls.length) {
      this.#calls = [];
      this.#head = 0;
    } else if (this.#head > 1_000) {
      this.#calls = this.#calls.slice(this.#head);
      this.#head = 0;
    }
  }
}
