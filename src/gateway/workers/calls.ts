/**
 * Calls between workers, through the first process: each call is for the worker in one slot, which
 * responds. When a worker ends, the others are notified and their calls to it fail; its replacement
 * has the same slot.
 */
import { GatewayError } from '../../domain/errors.ts';

type Route = { readonly id: number; readonly from: number; readonly to: number };

/** Goes to the worker in slot `to`. */
export type WorkerCall<Q = unknown, A = unknown> =
  | (Route & { readonly kind: 'ask'; readonly question: Q })
  | (Route & { readonly kind: 'answer'; readonly answer: A });
/** There is no worker in this slot at present. */
export type WorkerGone = { readonly kind: 'gone'; readonly slot: number };

/** A producer does not wait longer for its response. */
const answerMsMax = 30_000;
/** The most pending calls of one worker. */
const callsMax = 10_000;

export type WorkerCallsSettings<Q, A> = {
  readonly slot: number;
  readonly send: (message: WorkerCall<Q, A>) => void;
  /** Never fails. */
  readonly answer: (question: Q) => Promise<A>;
};

type Waiting<A> = {
  readonly slot: number;
  readonly timer: NodeJS.Timeout;
  readonly resolve: (answer: A) => void;
  readonly reject: (error: GatewayError) => void;
};

export class WorkerCalls<Q, A> {
  readonly #settings: WorkerCallsSettings<Q, A>;
  readonly #waiting = new Map<number, Waiting<A>>();
  #lastId = 0;

  constructor(settings: WorkerCallsSettings<Q, A>) {
    this.#settings = settings;
  }

  /** Errors: `unavailable`; then it is unknown whether the other worker has done it. */
  ask(slot: number, question: Q): Promise<A> {
    if (this.#waiting.size >= callsMax) return Promise.reject(unavailable('too many calls'));
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#fail(id, 'no answer in time'), answerMsMax).unref();
      this.#waiting.set(id, { slot, timer, resolve, reject });
      const { send, slot: from } = this.#settings;
      send({ kind: 'ask', id, from, to: slot, question });
    });
  }

  /** The messages that the first process forwards. */
  take(message: WorkerCall<Q, A> | WorkerGone): void {
    if (message.kind === 'gone') {
      for (const [id, { slot }] of this.#waiting) {
        if (slot === message.slot) this.#fail(id, 'it has ended');
      }
    } else if (message.kind === 'answer') {
      this.#end(message.id)?.resolve(message.answer);
    } else {
      void this.#answer(message.id, message.from, message.question);
    }
  }

  async #answer(id: number, to: number, question: Q): Promise<void> {
    const { answer, send, slot: from } = this.#settings;
    send({ kind: 'answer', id, from, to, answer: await answer(question) });
  }

  #fail(id: number, why: string): void {
    this.#end(id)?.reject(unavailable(why));
  }

  #end(id: number): Waiting<A> | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    clearTimeout(waiting?.timer);
    return waiting;
  }
}

function unavailable(why: string): GatewayError {
  return new GatewayError('unavailable', `another worker was asked: ${why}`);
}
