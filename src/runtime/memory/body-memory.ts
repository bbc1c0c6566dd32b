/**
 * Memory of bodies, used again for the next ones. A body of PutRecords is larger than what the
 * collector has in a moment, and lives as long as the cluster takes to write it: memory that is
 * given back keeps V8 from marking its whole heap for it, some ten times in a second.
 */
const stepBytes = 128 * 1024;
const keptBytesMax = 8 * 1024 * 1024;

export class BodyMemory {
  readonly #spare: Buffer[] = [];
  #spareBytes = 0;

  /** So many bytes, whatever is in them. */
  take(size: number): Buffer {
    const at = this.#spare.findIndex(({ length }) => length >= size && length < size * 2);
    if (at === -1) {
      return Buffer.allocUnsafeSlow(Math.ceil(size / stepBytes) * stepBytes).subarray(0, size);
    }
    const [memory] = this.#spare.splice(at, 1) as [Buffer];
    this.#spareBytes -= memory.length;
    return memory.subarray(0, size);
  }

  /** What `take` gave; nothing may look at it from now on. */
  giveBack({ buffer }: Buffer): void {
    const memory = Buffer.from(buffer);
    this.#spare.unshift(memory);
    this.#spareBytes += memory.length;
    while (this.#spareBytes > keptBytesMax) this.#spareBytes -= this.#spare.pop()!.length;
  }
}
