/** Programs that a test starts, and that run beside it until it stops them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { untilTrue } from './until.ts';

const stopTimeoutMs = 40_000;
const shownCharactersMax = 8_000;

export type Program = {
  readonly child: ChildProcess;
  /** What it has printed so far. */
  output(): string;
  /** Waits for a sign of progress; fails at once if the program ends before. */
  until(what: string, isTrue: () => boolean | Promise<boolean>, waitMsMax?: number): Promise<void>;
  /** Ends its input and, where that does not end it, asks by SIGTERM; answers the exit code. */
  stop(): Promise<number | null>;
  kill9(): Promise<void>;
};

/** Starts it; it is killed after `t`, if it still runs. */
export function startProgram(
  t: TestContext,
  [command, ...given]: readonly [string, ...string[]],
  { endsWithInput = false } = {},
): Program {
  const child = spawn(command, given, { stdio: ['pipe', 'pipe', 'pipe'] });
  const exited = once(child, 'exit') as Promise<[number | null]>;
  t.after(() => child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  const shown = () => output.slice(-shownCharactersMax);
  return {
    child,
    output: () => output,
    async until(what, isTrue, waitMsMax) {
      const check = async () => {
        if (hasEnded()) throw new Error(`it ended before ${what}:\n${shown()}`);
        return isTrue();
      };
      await untilTrue(what, check, waitMsMax).catch((error: unknown) => {
        throw new Error(`${String(error)}\n${shown()}`, { cause: error });
      });
    },
    async stop() {
      if (endsWithInput) child.stdin.end();
      else child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
      const [code] = await exited;
      clearTimeout(timer);
      return code;
    },
    async kill9() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
