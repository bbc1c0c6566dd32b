/**
 * What sockets read comes in pieces of 64 KiB outside of V8's heap. V8 takes their mass for a heap
 * that fills up, and marks all of it, long before the little that they leave in the young
 * generation would have it swept. So the young generation is swept after so many bytes: the pieces
 * that are done with go, in a millisecond, and the rest of the heap is left alone.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Measured (decisions/0012): with 12 MiB V8 marks as often as without, with 6 MiB hardly ever. */
const sweepAfterBytes = 6 * 1024 * 1024;

type Sweep = (options: { readonly type: 'minor' }) => void;

let sweep: Sweep | undefined;
let bytesSince = 0;

/**
 * Called once by the process that wants it. Sweeps are small: to share them out among threads costs
 * more than it saves.
 */
export function sweepYoungMemory(): void {
  setFlagsFromString('--no-parallel-scavenge');
  setFlagsFromString('--expose-gc');
  sweep = runInNewContext('gc') as Sweep;
}

/** So many bytes were read from a socket. */
export function noteRead(bytes: number): void {
  bytesSince += bytes;
  if (bytesSince < sweepAfterBytes) return;
  bytesSince = 0;
  sweep?.({ type: 'minor' });
}
