/**
 * Memory for request bodies, which is reused. Bodies of PutRecords are large and live as long as
 * the cluster takes to write them: without reuse, V8 would mark its whole heap about ten times a
 * second because of them.
 */
const stepBytes = 128 * 1024;
const keptBytesMax = 8 * 1024 * 1024;

export class BodyMemory {
  readonly #spare: Buffer[] = [];
  #spareBytes = 0;

  /** Returns a buffer of this size with arbitrary contents. */
  take(size: number): Buffer {
    const at = this.#spare.findIndex(({ length }) => length >= size && length < size * 2);
    if (at === -1) {
      return Buffer.allocUnsafeSlow(Math.ceil(size / stepBytes) * stepBytes).subarray(0, size);
    }
    const [memory] = this.#spare.splice(at, 1) as [Buffer];
    this.#spareBytes -= memory.length;
    return memory.subarray(0, size);
  }

  /** Returns a buffer from `take`, which must not be used any more. */
  giveBack({ buffer }: Buffer): void {
    const memory = Buffer.from(buffer);
    this.#spare.unshift(memory);
    this.#spareBytes += memory.length;
    while (this.#spareBytes > keptBytesMax) this.#spareBytes -= this.#spare.pop()!.length;
  }
}
