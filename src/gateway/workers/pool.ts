/**
 * Several cores behind the same ports: the first process owns the engines, the data folder and the
 * operations port, and starts workers, each of which is a gateway on the same cluster. Connections
 * are distributed to them in turn. A worker that ends is replaced.
 */
import cluster, { type Worker } from 'node:cluster';
import { EventEmitter } from 'node:events';
import type { Logger } from 'pino';
import { GatewayError } from '../../domain/errors.ts';
import type { BudgetUses } from '../../streams/limits/shared-budgets.ts';
import type { Place, WorkerRole } from '../process.ts';
import { type WorkerCall, WorkerCalls, type WorkerGone } from './calls.ts';

/** The parameters of a worker. */
export type WorkerTask = { readonly place: Place; readonly role: WorkerRole };

export type WorkersSettings = {
  readonly count: number;
  readonly place: Place;
  readonly lowestBrokerId: number;
};

export type WorkerEndpoints = { readonly kinesisPort: number; readonly kafkaPort: number };

type FromWorker =
  | { readonly kind: 'hello' }
  | { readonly kind: 'ready'; readonly endpoints: WorkerEndpoints }
  | { readonly kind: 'failed'; readonly sentence: string }
  | Told
  | WorkerCall;
type ToWorker =
  | { readonly kind: 'begin'; readonly task: WorkerTask }
  | { readonly kind: 'stop' }
  | Told
  | WorkerCall
  | WorkerGone;
/** Messages from one worker to all others, through the first process. */
type Told = { readonly kind: 'used'; readonly uses: BudgetUses };

/** The delay before a worker is replaced, also if it cannot start. */
const restartAfterMs = 500;
/** Longer than its doors wait for requests; then it is killed. */
const workerStopMsMax = 6_000;

/** Whether this process was started by startWorkers. */
export const isWorker: boolean = cluster.isWorker;

export type Workers = {
  readonly endpoints: WorkerEndpoints;
  readonly readyCount: () => number;
  readonly restarts: () => number;
  /** Emits `change` when a worker ends or starts to listen: earlier requests to it are lost. */
  readonly changes: EventEmitter;
  stop(): Promise<void>;
};

/** Resolves when all are ready. Errors: the sentence with which the first one failed to start. */
export async function startWorkers(settings: WorkersSettings, logger: Logger): Promise<Workers> {
  const pool = new WorkerPool(settings, logger);
  try {
    const slots = Array.from({ length: settings.count }, (_, slot) => pool.add(slot));
    const endpoints = await Promise.all(slots);
    pool.keep();
    return {
      endpoints: endpoints[0]!,
      readyCount: () => pool.readyCount,
      restarts: () => pool.restarts,
      changes: pool.changes,
      stop: () => pool.stop(),
    };
  } catch (error) {
    await pool.stop();
    throw error;
  }
}

class WorkerPool {
  /** Every caller that waits for a response adds a listener. */
  readonly changes = new EventEmitter().setMaxListeners(0);
  readonly #settings: WorkersSettings;
  readonly #logger: Logger;
  readonly #running = new Set<Worker>();
  readonly #ready = new Set<Worker>();
  /** Ready workers, by slot. */
  readonly #slots = new Map<number, Worker>();
  #isKept = false;
  #isStopping = false;
  restarts = 0;

  constructor(settings: WorkersSettings, logger: Logger) {
    this.#settings = settings;
    this.#logger = logger;
  }

  get readyCount(): number {
    return this.#ready.size;
  }

  /** From now on, workers that end are replaced. */
  keep(): void {
    this.#isKept = true;
  }

  add(slot: number): Promise<WorkerEndpoints> {
    const worker = cluster.fork();
    const closeDealt = watchDealt(worker);
    this.#running.add(worker);
    return new Promise((resolve, reject) => {
      let sentence: string | undefined;
      worker.on('message', (message: FromWorker) => {
        if (message.kind === 'hello') {
          tell(worker, { kind: 'begin', task: this.#taskOf(slot) });
          this.changes.emit('change');
        }
        if (message.kind === 'failed') sentence = message.sentence;
        if (message.kind === 'used') this.#tellOthers(worker, message);
        if (message.kind === 'ask' || message.kind === 'answer') this.#passOn(message);
        if (message.kind !== 'ready') return;
        this.#ready.add(worker);
        this.#slots.set(slot, worker);
        resolve(message.endpoints);
      });
      // A message to a worker that is ending failed, from Node's own port sharing or metrics. The
      // worker's exit follows; without this listener, the error would end the first process.
      worker.on('error', (error) => this.#logger.debug({ error }, 'message to a worker'));
      worker.once('exit', (code, signal) => {
        this.#running.delete(worker);
        this.#ready.delete(worker);
        if (this.#slots.get(slot) === worker) this.#slots.delete(slot);
        this.#tellOthers(worker, { kind: 'gone', slot });
        closeDealt();
        this.changes.emit('change');
        const why = sentence ?? `a worker ended with ${code ?? signal}`;
        reject(new GatewayError('unavailable', why));
        this.#replace(slot, worker.process.pid, why);
      });
    });
  }

  #taskOf(slot: number): WorkerTask {
    const { count: slots, place, lowestBrokerId } = this.#settings;
    return { place, role: { slot, slots, lowestBrokerId } };
  }

  #tellOthers(worker: Worker, message: Told | WorkerGone): void {
    for (const other of this.#ready) if (other !== worker) tell(other, message);
  }

  #passOn(call: WorkerCall): void {
    const to = this.#slots.get(call.to);
    const from = this.#slots.get(call.from);
    if (to !== undefined) tell(to, call);
    else if (call.kind === 'ask' && from !== undefined) tell(from, { kind: 'gone', slot: call.to });
  }

  #replace(slot: number, pid: number | undefined, why: string): void {
    if (!this.#isKept || this.#isStopping) return;
    this.restarts++;
    this.#logger.error({ worker: pid, why }, 'a worker ended and is started again');
    process.stderr.write(`kineska: worker ${pid} ended (${why}); another one is started.\n`);
    setTimeout(() => {
      // If it cannot start, it ends and is replaced again.
      if (!this.#isStopping) this.add(slot).catch(() => undefined);
    }, restartAfterMs);
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    const ends = [...this.#running].map(
      (worker) =>
        new Promise<void>((resolve) => {
          const timer = setTimeout(() => worker.process.kill('SIGKILL'), workerStopMsMax);
          worker.once('exit', () => {
            clearTimeout(timer);
            resolve();
          });
          tell(worker, { kind: 'stop' });
        }),
    );
    await Promise.all(ends);
  }
}

type Dealt = { close?(): void } | undefined;

/**
 * The connections last sent to a worker, one per port: Node's round robin sends the next one when
 * the worker has confirmed the one before. A connection that a killed worker had not confirmed is
 * open here without being served; the returned function closes it, so that the client reconnects
 * instead of waiting. Closing a closed connection does nothing.
 */
function watchDealt(worker: Worker): () => void {
  const dealt = new Map<unknown, Dealt>();
  const child = worker.process;
  const send = child.send.bind(child) as (...sent: unknown[]) => boolean;
  child.send = (...sent: unknown[]) => {
    const [message, handle] = sent as [{ readonly key?: unknown }, Dealt];
    if (typeof handle?.close === 'function') dealt.set(message.key, handle);
    return send(...sent);
  };
  return () => {
    for (const handle of dealt.values()) handle?.close?.();
  };
}

/** A worker that is ending does not receive it; its exit is handled separately. */
function tell(worker: Worker, message: ToWorker): void {
  if (worker.isConnected()) worker.send(message, () => undefined);
}

/**
 * The life of a worker: `begin` starts the gateway, `stop` ends it, when the first process requests
 * it or is gone. Signals are handled by the first process, although terminals send them to all.
 */
export function runWorker(
  begin: (task: WorkerTask) => Promise<WorkerEndpoints>,
  stop: () => Promise<void>,
): void {
  const say = (message: FromWorker) => process.send?.(message);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);
  const end = (code: number) => {
    setTimeout(() => process.exit(1), workerStopMsMax).unref();
    stop().then(
      () => process.exit(code),
      () => process.exit(1),
    );
  };
  process.once('disconnect', () => end(1));
  process.on('message', (message: ToWorker) => {
    if (message.kind === 'stop') end(0);
    if (message.kind !== 'begin') return;
    begin(message.task).then(
      (endpoints) => say({ kind: 'ready', endpoints }),
      (error: unknown) => {
        say({ kind: 'failed', sentence: error instanceof Error ? error.message : String(error) });
        end(1);
      },
    );
  });
  say({ kind: 'hello' });
}

/**
 * Reports to the other workers what this one has granted; resolves when the report is handed over,
 * or lost.
 */
export function tellWorkers(uses: BudgetUses): Promise<void> {
  const message: FromWorker = { kind: 'used', uses };
  return new Promise((resolve) => {
    if (process.connected !== true) return resolve();
    process.send?.(message, undefined, undefined, () => resolve());
  });
}

/** Calls the listener with reports from other workers. */
export function whenTold(listener: (uses: BudgetUses) => void): void {
  process.on('message', (message: ToWorker) => {
    if (message.kind === 'used') listener(message.uses);
  });
}

/** This worker's calls to others, and its responses to theirs; see WorkerCalls. */
export function callWorkers<Q, A>(
  slot: number,
  answer: (question: Q) => Promise<A>,
): (slot: number, question: Q) => Promise<A> {
  const send = (message: WorkerCall<Q, A>) => {
    // It ends with the first process.
    if (process.connected === true) process.send?.(message);
  };
  const calls = new WorkerCalls<Q, A>({ slot, send, answer });
  process.on('message', (message: ToWorker) => {
    const { kind } = message;
    if (kind === 'ask' || kind === 'answer' || kind === 'gone') {
      calls.take(message as WorkerCall<Q, A> | WorkerGone);
    }
  });
  return (to, question) => calls.ask(to, question);
}
