/**
 * Sockets read into buffers of 64 KiB outside of V8's heap. V8 takes their total for a growing heap
 * and marks all of it, long before their small wrappers would trigger a scavenge of the young
 * generation. So a scavenge is triggered after a number of bytes: it frees the unused buffers
 * within a millisecond and leaves the rest of the heap alone.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Measured (docs/decisions/0012): with 12 MiB, V8 marks as often as without this; with 6 MiB,
 * hardly ever.
 */
const sweepAfterBytes = 6 * 1024 * 1024;

type Sweep = (options: { readonly type: 'minor' }) => void;

let sweep: Sweep | undefined;
let bytesSince = 0;

/**
 * Called once by a process to enable this. Scavenges are small: parallel ones cost more than they
 * save.
 */
export function sweepYoungMemory(): void {
  setFlagsFromString('--no-parallel-scavenge');
  setFlagsFromString('--expose-gc');
  sweep = runInNewContext('gc') as Sweep;
}

/** Records that this many bytes were read from a socket. */
export function noteRead(bytes: number): void {
  bytesSince += bytes;
  if (bytesSince < sweepAfterBytes) return;
  bytesSince = 0;
  sweep?.({ type: 'minor' });
}
