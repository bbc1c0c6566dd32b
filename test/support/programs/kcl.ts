/** Workers of KCL applications as processes, and what an application must have seen. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import type { Gateway } from '../gateway.ts';
import { type JavaProgram, javaCommandLine, javaTrustStore } from '../install.ts';
import { newName } from '../doors.ts';
import { keyOf } from '../checks/records.ts';

/** What a worker prints: a record that it was handed, or what befell one of its shards. */
export type KclLine =
  | { readonly shard: string; readonly event: 'started' | 'lost' | 'ended' }
  | {
      readonly shard: string;
      readonly event: 'checkpointed';
      readonly seq: string;
      /** When it was begun, and when it was made. */
      readonly asked: number;
      readonly at: number;
    }
  | {
      readonly shard: string;
      readonly seq: string;
      readonly sub: number;
      readonly key: string;
      /** base64 */
      readonly value: string;
      readonly ms: number;
      /** When the worker was handed it; KCL 1's does not say it. */
      readonly at?: number;
      readonly event?: undefined;
    };

export type KclRecord = Exclude<KclLine, { event: string }>;

export type KclKind = {
  readonly program: Extract<JavaProgram, `kcl${number}`>;
  readonly mode: 'polling' | 'fan-out';
  readonly scheme: 'http' | 'https';
  /** How long a worker may be silent; short by default, that tests need not wait. */
  readonly failoverMs?: number;
};

export const shardId = (index: number): string => `shardId-00000000000${index}`;

/** Of a test of every kind. */
export const kclTimeoutMs = 600_000;

/** KCL 1 knows polling only. */
const kinds: readonly KclKind[] = [
  { program: 'kcl1', mode: 'polling', scheme: 'https' },
  { program: 'kcl2', mode: 'polling', scheme: 'http' },
  { program: 'kcl2', mode: 'fan-out', scheme: 'https' },
  { program: 'kcl3', mode: 'polling', scheme: 'https' },
  { program: 'kcl3', mode: 'fan-out', scheme: 'http' },
  { program: 'kcl3', mode: 'fan-out', scheme: 'https' },
];

/** Every kind at once: most of their time is waiting for leases. */
export function forEachKind(
  t: TestContext,
  scenario: (t: TestContext, kind: KclKind) => Promise<void>,
): Promise<unknown> {
  const titleOf = ({ program, mode, scheme }: KclKind) => `${program}, ${mode}, ${scheme}`;
  const each = (kind: KclKind) =>
    t.test(titleOf(kind), { timeout: kclTimeoutMs }, (inner) => scenario(inner, kind));
  return Promise.all(kinds.map(each));
}

/** The leader among the workers of KCL 3 that is killed leaves a lock of two minutes. */
const waitTimeoutMs = 280_000;
const errorCharactersMax = 4_000;

/** How a worker is started, and a folder of what it trusts, which is the caller's to remove. */
export async function workerCommandLine(
  gateway: Gateway,
  stream: string,
  { program, mode, scheme, failoverMs }: KclKind,
  name: string,
  more: readonly string[] = [],
) {
  const folder = await mkdtemp(join(tmpdir(), 'kineska-kcl-'));
  const endpoint = scheme === 'https' ? gateway.kinesisTls : gateway.kinesis;
  const trusting = await javaTrustStore(gateway.certificate, join(folder, 'trust'));
  const trusted = scheme === 'https' ? trusting : [];
  const failover = failoverMs === undefined ? [] : [`-Dfailover.ms=${failoverMs}`];
  const properties = ['-Daws.region=us-east-1', ...trusted, ...failover, ...more];
  const [command, ...given] = await javaCommandLine(program, [], properties);
  const all = [...given, endpoint, gateway.dynamodb, stream, name, mode];
  const commandLine: readonly [string, ...string[]] = [command, ...all];
  return { commandLine, folder };
}

/** One KCL application over one stream, and all that its workers have printed, in order. */
export class KclApplication {
  readonly name: string;
  readonly lines: KclLine[] = [];
  readonly #commandLine: readonly [string, ...string[]];
  readonly #workers = new Set<KclWorker>();
  readonly #waiting = new Set<() => void>();

  private constructor(name: string, commandLine: readonly [string, ...string[]]) {
    this.name = name;
    this.#commandLine = commandLine;
  }

  /** Its workers end after `t`. The group of Kafka of its name is the same. */
  static async over(
    t: TestContext,
    gateway: Gateway,
    stream: string,
    kind: KclKind,
    name = `kcl-${newName()}`,
  ) {
    const { commandLine, folder } = await workerCommandLine(gateway, stream, kind, name);
    const application = new KclApplication(name, commandLine);
    t.after(async () => {
      for (const worker of application.#workers) await worker.kill9();
      await rm(folder, { recursive: true, force: true });
    });
    return application;
  }

  startWorker(): KclWorker {
    const worker = new KclWorker(this.#commandLine, (line) => {
      this.lines.push(line);
      for (const look of this.#waiting) look();
    });
    this.#workers.add(worker);
    return worker;
  }

  get records(): KclRecord[] {
    return this.lines.filter((line) => line.event === undefined);
  }

  /** Shards with this event, each once, sorted. */
  shardsThat(event: 'started' | 'lost' | 'ended'): string[] {
    const shards = this.lines.filter((line) => line.event === event).map(({ shard }) => shard);
    return [...new Set(shards)].toSorted();
  }

  /** Waits until what was printed satisfies; fails where a worker ended by itself meanwhile. */
  async until(satisfied: () => boolean, wanted: () => string): Promise<void> {
    let stopWaiting = (): void => undefined;
    const waiting = new Promise<void>((resolve, reject) => {
      const failed = (why: string) => reject(new Error(`${why}: ${wanted()}\n${this.#errors()}`));
      const timer = setTimeout(() => failed(`not in ${waitTimeoutMs} ms`), waitTimeoutMs);
      const look = () => {
        if (satisfied()) resolve();
      };
      stopWaiting = () => {
        clearTimeout(timer);
        this.#waiting.delete(look);
      };
      this.#waiting.add(look);
      for (const worker of this.#workers) worker.ended.then(() => failed('a worker ended'), failed);
      look();
    });
    await waiting.finally(stopWaiting);
  }

  /** Waits until so many of `record-0` … have been seen. */
  async untilSeen(count: number): Promise<void> {
    const seen = new Set<string>();
    let looked = 0;
    const satisfied = () => {
      for (; looked < this.lines.length; looked++) {
        const line = this.lines[looked]!;
        if (line.event === undefined) seen.add(line.value);
      }
      return seen.size >= count;
    };
    await this.until(satisfied, () => `${seen.size} of ${count} records were seen`);
  }

  /** Every worker hands over what it has and ends. */
  async stop(): Promise<void> {
    for (const worker of this.#workers) await worker.stop();
  }

  #errors(): string {
    return [...this.#workers].map((worker) => worker.errors()).join('\n---\n');
  }
}

export class KclWorker {
  /** Fulfilled when it ended although nobody ended it. */
  readonly ended: Promise<void>;
  readonly #child: ChildProcess;
  #errors = '';
  #expected = false;

  constructor([command, ...given]: readonly [string, ...string[]], onLine: (l: KclLine) => void) {
    const child = spawn(command, given, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child = child;
    let rest = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop()!;
      for (const line of lines) onLine(JSON.parse(line) as KclLine);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-errorCharactersMax);
    });
    child.stdin.on('error', () => undefined);
    this.ended = new Promise((resolve) => {
      child.once('close', () => {
        if (!this.#expected) resolve();
      });
    });
  }

  errors(): string {
    return this.#errors;
  }

  async stop(): Promise<void> {
    if (this.#gone()) return;
    this.#expected = true;
    const closed = once(this.#child, 'close');
    this.#child.stdin!.end();
    await closed;
  }

  async kill9(): Promise<void> {
    if (this.#gone()) return;
    this.#expected = true;
    const closed = once(this.#child, 'close');
    this.#child.kill('SIGKILL');
    await closed;
  }

  #gone(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }
}

const batchRecords = 500;

/** Puts `record-N` for N from `first` to before `end`, each under its key. */
export async function putNumbered(
  client: KinesisClient,
  StreamName: string,
  first: number,
  end: number,
): Promise<void> {
  for (let from = first; from < end; from += batchRecords) {
    const Records = Array.from({ length: Math.min(batchRecords, end - from) }, (_, index) => ({
      PartitionKey: keyOf(from + index),
      Data: Buffer.from(`record-${from + index}`),
    }));
    const { FailedRecordCount } = await client.send(new PutRecordsCommand({ StreamName, Records }));
    assert.equal(FailedRecordCount, 0);
  }
}

/**
 * Every one of `record-0` … was handed to a worker under its key, and for each key first in the
 * order of the puts. Again may come what was handed to a worker before its last checkpoint.
 */
export function assertAllInOrder(records: readonly KclRecord[], count: number): void {
  const seen = new Set<number>();
  const lastOfKey = new Map<string, number>();
  for (const { key, value } of records) {
    const text = Buffer.from(value, 'base64').toString();
    const number = Number(/^record-(\d+)$/.exec(text)?.[1] ?? Number.NaN);
    assert.ok(number >= 0 && number < count, `unexpected value ${text}`);
    assert.equal(key, keyOf(number));
    if (seen.has(number)) continue;
    seen.add(number);
    assert.ok(number > (lastOfKey.get(key) ?? -1), `${text} is out of order`);
    lastOfKey.set(key, number);
  }
  assert.equal(seen.size, count, 'records are missing');
}
