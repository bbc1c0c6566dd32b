/** Requests of one client connection that are not answered yet, in the order of their answers. */
import type { RequestHead } from '../../wire/scan/request-head.ts';
import type { KafkaApi } from '../api.ts';

export type PendingCall = {
  readonly api: KafkaApi;
  readonly head: RequestHead;
  readonly startedAtMs: number;
  /**
   * `relay`: the broker's frame goes on as it comes. `hook`: the response's hook sees it first.
   * `local`: the gateway answers; `pieces` is there once it is known. `own`: the gateway asked for
   * itself, and `take` gets the answer; the client sees nothing of it.
   */
  kind: 'relay' | 'hook' | 'local' | 'own';
  note: unknown;
  pieces: readonly Buffer[] | undefined;
  /** Sees the whole answer first, its length in front; answers the ms that the client waits. */
  throttle?: ((frame: Buffer) => number) | undefined;
  /** Takes the answer behind its length; what it throws ends the connection. */
  readonly take?: (frame: Buffer) => void;
};

const produceKey = 0;

export class CallQueue {
  #calls: PendingCall[] = [];
  #head = 0;
  #produces = 0;
  #onProduced: (() => void) | undefined;

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

  /** A request goes to the broker, and its answer to the client; `note` reaches its hook. */
  expect(head: RequestHead, api: KafkaApi, note: unknown): PendingCall {
    const isHooked = api.onResponse !== undefined && head.version >= (api.responseHookSince ?? 0);
    const call: PendingCall = {
      api,
      head,
      startedAtMs: performance.now(),
      kind: isHooked ? 'hook' : 'relay',
      note,
      pieces: undefined,
    };
    this.push(call);
    return call;
  }

  /** The gateway asks for itself; `take` gets the answer behind its length. */
  expectOwn(head: RequestHead, api: KafkaApi, take: (frame: Buffer) => void): void {
    const startedAtMs = performance.now();
    this.push({ api, head, startedAtMs, kind: 'own', note: undefined, pieces: undefined, take });
  }

  push(call: PendingCall): void {
    this.#calls.push(call);
    if (call.api.key === produceKey) this.#produces++;
  }

  /** Resolves when every Produce request before is answered; one waits at a time. */
  whenProduced(): Promise<void> {
    if (this.#produces === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onProduced = resolve;
    });
  }

  shift(): void {
    if (this.first()?.api.key === produceKey && --this.#produces === 0) {
      this.#onProduced?.();
      this.#onProduced = undefined;
    }
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
