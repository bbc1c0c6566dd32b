/**
 * The folder of an instance: its data, logs and certificate, used by one gateway at a time.
 * `instance.json` records which one. A process is identified by its id and its start time, so that
 * an id that was reused after a kill does not count.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GatewayError } from '../../src/domain/errors.ts';
import { makeUsableFolder } from './usable-folder.ts';

type ProcessMark = { readonly pid: number; readonly startedAt: string };
type Instance = ProcessMark & { readonly engines: readonly ProcessMark[] };

export type DataFolder = {
  readonly path: string;
  readonly logs: string;
  /** Records an engine, so that the next start can end it if it is still running. */
  noteEngine(pid: number): void;
  /** Releases the folder; an ephemeral one is deleted. */
  release(): Promise<void>;
};

const instanceFile = 'instance.json';

/**
 * Locks the folder. Errors: `in-use`, with the process id, if another live instance uses it;
 * `unavailable` if it cannot be created or written to.
 */
export async function takeDataFolder(path: string, ephemeral: boolean): Promise<DataFolder> {
  const folder = ephemeral ? await mkdtemp(join(tmpdir(), 'kineska-')) : path;
  await makeUsableFolder(folder, 'data folder', 'data-dir');
  const logs = join(folder, 'logs');
  await makeUsableFolder(logs, 'folder', 'data-dir');
  const file = join(folder, instanceFile);
  endLeftovers(file, folder);
  let instance: Instance = { ...markOf(process.pid)!, engines: [] };
  const note = () => writeFileSync(file, `${JSON.stringify(instance, null, 2)}\n`);
  note();
  return {
    path: folder,
    logs,
    noteEngine(pid) {
      const mark = markOf(pid);
      if (mark === undefined) return;
      instance = { ...instance, engines: [...instance.engines, mark] };
      note();
    },
    async release() {
      if (ephemeral) await rm(folder, { recursive: true, force: true });
      else rmSync(file, { force: true });
    },
  };
}

/** Throws if the instance is alive; otherwise ends what is left of it. */
function endLeftovers(file: string, folder: string): void {
  const before = readInstance(file);
  if (before === undefined) return;
  if (isAlive(before)) {
    const message =
      `The data folder ${folder} is in use by the instance with process id ${before.pid}: ` +
      'stop it (Ctrl-C there), or name another folder with --data-dir.';
    throw new GatewayError('in-use', message);
  }
  for (const engine of before.engines) if (isAlive(engine)) process.kill(engine.pid, 'SIGKILL');
}

function readInstance(file: string): Instance | undefined {
  try {
    const read = JSON.parse(readFileSync(file, 'utf8')) as Partial<Instance>;
    if (typeof read.pid !== 'number' || typeof read.startedAt !== 'string') return undefined;
    return { pid: read.pid, startedAt: read.startedAt, engines: read.engines ?? [] };
  } catch {
    // No file, or one that a kill truncated: there is no instance to check.
    return undefined;
  }
}

function isAlive({ pid, startedAt }: ProcessMark): boolean {
  return markOf(pid)?.startedAt === startedAt;
}

/** The identity of a process, or undefined if there is none with this id. */
function markOf(pid: number): ProcessMark | undefined {
  const startedAt = startOf(pid);
  return startedAt === undefined ? undefined : { pid, startedAt };
}

/** On Linux the start time in ticks since boot; elsewhere the output of ps. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A process that has ended stays in the table until its parent waits for it.
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return psStartOf(pid);
  }
}

function psStartOf(pid: number): string | undefined {
  if (process.platform === 'linux') return undefined;
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    // ps fails if there is no such process.
    return undefined;
  }
}
