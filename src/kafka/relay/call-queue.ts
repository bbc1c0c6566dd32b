/** Requests of one client connection that are not answered yet, in the order of their answers. */
import type { RequestHead } from '../../wire/scan/request-head.ts';
import type { ExpectedAnswer, KafkaApi } from '../api.ts';

/** A request of the client's. */
export type ClientCall = ExpectedAnswer & {
  readonly api: KafkaApi;
  readonly head: RequestHead;
  readonly startedAtMs: number;
  /**
   * `relay`: the broker's frame goes on as it comes. `hook`: the response's hook sees it first.
   * `local`: the gateway answers; `pieces` is there once it is known.
   */
  kind: 'relay' | 'hook' | 'local';
  readonly note: unknown;
  pieces: readonly Buffer[] | undefined;
  onAnswered: (() => void) | undefined;
};

/** The gateway asked for itself; the client sees nothing of it. */
export type OwnCall = {
  readonly kind: 'own';
  readonly head: RequestHead;
  /** Takes the answer behind its length; what it throws ends the connection. */
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

  /** The call so many behind the first. */
  at(index: number): PendingCall | undefined {
    return this.#calls[this.#head + index];
  }

  /** A request goes to the broker, and its answer to the client; `note` reaches its hooks. */
  expect(head: RequestHead, api: KafkaApi, note: unknown): ClientCall {
    // An API that lets answers pass by what it noted wants to be asked about them.
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

  /** The gateway asks for itself; `take` gets the answer behind its length. */
  expectOwn(head: RequestHead, take: (frame: Buffer) => void): void {
    this.#calls.push({ kind: 'own', head, take, onAnswered: undefined });
  }

  /** Resolves when every request of this API before is answered; one waits at a time. */
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
