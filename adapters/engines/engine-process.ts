/**
 * An engine as a child process: in its own process group, so that Ctrl-C in the terminal does not
 * end it too early, and guarded, so that it never outlives the gateway.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { openSync, closeSync, readFileSync } from 'node:fs';
import { GatewayError } from '../../src/domain/errors.ts';
import { untilDefined } from '../../src/runtime/retry.ts';

const probeEveryMs = 25;
/** How much of the end of a log is searched for the line with the cause of a failure. */
const logTailBytes = 16 * 1024;

export type EngineProcess = {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  /** Resolves when the process has ended, with a sentence that describes how. */
  readonly ended: Promise<string>;
  /** Stops it gracefully, and kills it if that takes longer than this. */
  stop(graceMs: number): Promise<void>;
};

export type EngineCommand = {
  readonly name: string;
  readonly command: string;
  readonly arguments: readonly string[];
  readonly environment?: NodeJS.ProcessEnv;
  readonly logFile: string;
};

export function startEngine(engine: EngineCommand): EngineProcess {
  const { name, logFile } = engine;
  const log = openSync(logFile, 'a');
  const child = spawn(engine.command, engine.arguments, {
    detached: true,
    stdio: ['ignore', log, log],
    env: engine.environment ?? process.env,
  });
  closeSync(log);
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`${name} could not be started: ${error.message}`));
    child.once('exit', (code, signal) => resolve(`${name} ended with ${code ?? signal}`));
  });
  const pid = child.pid ?? -1;
  const guard = pid > 0 ? startGuard(pid) : undefined;
  void ended.then(() => guard?.kill('SIGKILL'));
  return {
    name,
    pid,
    logFile,
    ended,
    async stop(graceMs) {
      signalGroup(pid, 'SIGTERM');
      const timer = setTimeout(() => signalGroup(pid, 'SIGKILL'), graceMs);
      await ended;
      clearTimeout(timer);
    },
  };
}

/**
 * A shell that reads from a pipe whose other end only the gateway holds: when the gateway ends, for
 * any reason, the read ends, and the shell kills the engine's process group.
 */
export function startGuard(pid: number): ChildProcess {
  const script = 'read -r line; kill -s KILL -- "-$1"';
  const guard = spawn('/bin/sh', ['-c', script, 'kineska-guard', String(pid)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.unref();
  return guard;
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    if (pid > 0) process.kill(-pid, signal);
  } catch (error) {
    // It ended by itself before the signal was sent.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/**
 * Waits until the probe succeeds, the process ends, or the timeout passes, whichever is first.
 * Errors: `unavailable` with the log file and its most useful line.
 */
export async function waitUntilReady(
  engine: EngineProcess,
  probe: () => Promise<boolean>,
  timeoutMs: number,
): Promise<void> {
  let end: string | undefined;
  void engine.ended.then((sentence) => {
    end = sentence;
  });
  const patience = { everyMs: probeEveryMs, waitMsMax: timeoutMs };
  const settled = await untilDefined(patience, async () =>
    end === undefined && (await probe()) ? 'ready' : end,
  );
  if (settled === 'ready') return;
  const how = settled ?? `${engine.name} was not ready within ${timeoutMs / 1000} s`;
  await engine.stop(0);
  const line = usefulLine(engine.logFile);
  const said = line === undefined ? '' : ` It said: ${line}`;
  throw new GatewayError('unavailable', `${how}; see ${engine.logFile}.${said}`);
}

/** The last line of a log that reports an error, else its last line. */
function usefulLine(logFile: string): string | undefined {
  const text = readFileSync(logFile).subarray(-logTailBytes).toString('utf8');
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const errors = lines.filter((line) => /ERROR|FATAL|Exception|Error:/.test(line));
  return (errors.at(-1) ?? lines.at(-1))?.trim();
}
