/**
 * Kafka's own classes, asked by lines of JSON: the process of Oracle.java, with the jars of the
 * embedded Kafka.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { delimiter } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { defaultCacheFolder } from '../../src/config/cache-folder.ts';
import { resolveKafka } from '../../adapters/engines/embedded-kafka.ts';
import { javaCommand } from '../../adapters/engines/java.ts';

export type Question = { readonly ask: string; readonly [name: string]: unknown };
type Answer = { readonly value?: unknown; readonly error?: string };
type Waiting = { resolve(answer: Answer): void; reject(error: Error): void };

const program = fileURLToPath(new URL('Oracle.java', import.meta.url));
const heapMb = 256;

export class JavaOracle {
  readonly #process: ChildProcess;
  readonly #waiting: Waiting[] = [];
  #stderr = '';

  private constructor(process: ChildProcess) {
    this.#process = process;
    const lines = createInterface({ input: process.stdout! });
    lines.on('line', (line) => this.#waiting.shift()!.resolve(JSON.parse(line) as Answer));
    process.stderr!.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString()).slice(-4_000);
    });
    process.once('close', () => {
      for (const { reject } of this.#waiting) reject(new Error(`Java ended: ${this.#stderr}`));
    });
  }

  static async start(): Promise<JavaOracle> {
    const { jars } = await resolveKafka(defaultCacheFolder(process.env), (sentence) =>
      process.stderr.write(`${sentence}\n`),
    );
    const options = [`-Xmx${heapMb}m`, '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
    const java = spawn(javaCommand(), [...options, '-cp', jars.join(delimiter), program], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    return new JavaOracle(java);
  }

  /** Answers come in the order of the questions; many may be on their way at once. */
  async ask(question: Question): Promise<unknown> {
    const answer = await new Promise<Answer>((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#process.stdin!.write(`${toJson(question)}\n`);
    });
    if (answer.error !== undefined) throw new Error(`Java refused: ${answer.error}`);
    return answer.value;
  }

  stop(): void {
    this.#process.stdin!.end();
  }
}

/** A float64: Java's converter takes no whole number without a point or exponent for one. */
export class Float {
  readonly digits: string;

  constructor(value: number) {
    this.digits = Object.is(value, -0) ? '-0e0' : value.toExponential();
  }
}

/** JSON with int64 as digits, which Java reads to the last, and bytes as base64. */
export function toJson(value: unknown): string {
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Float) return value.digits;
  if (Buffer.isBuffer(value)) return JSON.stringify(value.toString('base64'));
  if (Array.isArray(value)) return `[${value.map(toJson).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(([name, each]) => `"${name}":${toJson(each)}`);
    return `{${members.join(',')}}`;
  }
  return JSON.stringify(value);
}
