/**
 * Memory of large frames, used again once their reader says that it is done with them. A reader
 * that catches up takes 10 MB with every fetch, faster than the memory would be collected.
 * What is never given back is collected in time.
 */
const largeBytesMin = 1024 * 1024;
const stepBytes = 4 * 1024 * 1024;
const spareBytesMax = 16 * 1024 * 1024;

const lent = new WeakMap<ArrayBufferLike, Buffer>();
let spare: Buffer | undefined;

export function takeFrameMemory(size: number): Buffer {
  if (size < largeBytesMin) return Buffer.allocUnsafeSlow(size);
  let memory = spare;
  if (memory !== undefined && memory.length >= size) spare = undefined;
  else memory = Buffer.allocUnsafeSlow(Math.ceil(size / stepBytes) * stepBytes);
  lent.set(memory.buffer, memory);
  return memory.subarray(0, size);
}

/** Nothing may look at the frame, or at any view of it, from now on. */
export function giveBackFrameMemory(view: Buffer): void {
  const memory = lent.get(view.buffer);
  if (memory === undefined) return;
  lent.delete(view.buffer);
  if (memory.length <= spareBytesMax && memory.length >= (spare?.length ?? 0)) spare = memory;
}
