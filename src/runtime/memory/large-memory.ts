/**
 * Large buffers, which are reused once their user has released them. A reader that catches up needs
 * 10 MB and more for every call, faster than garbage would be collected. Buffers that are never
 * released are garbage collected.
 */
export type LargeMemorySettings = {
  /** Smaller buffers are left to the garbage collector. */
  readonly bytesMin: number;
  /** Sizes are rounded up to multiples of this, so that a buffer can be reused for other sizes. */
  readonly stepBytes: number;
  /** Larger buffers are not kept. */
  readonly spareBytesMax: number;
};

export class LargeMemory {
  readonly #settings: LargeMemorySettings;
  readonly #lent = new WeakMap<ArrayBufferLike, Buffer>();
  /** The largest released buffer, which can be used for every size. */
  #spare: Buffer | undefined;

  constructor(settings: LargeMemorySettings) {
    this.#settings = settings;
  }

  /** Returns a buffer of this size with arbitrary contents. */
  take(size: number): Buffer {
    const { bytesMin, stepBytes } = this.#settings;
    if (size < bytesMin) return Buffer.allocUnsafeSlow(size);
    let memory = this.#spare;
    if (memory !== undefined && memory.length >= size) this.#spare = undefined;
    else memory = Buffer.allocUnsafeSlow(Math.ceil(size / stepBytes) * stepBytes);
    this.#lent.set(memory.buffer, memory);
    return memory.subarray(0, size);
  }

  /** Releases a buffer from `take`, or any view of it: it must not be used any more. */
  giveBack(view: Buffer): void {
    const memory = this.#lent.get(view.buffer);
    if (memory === undefined) return;
    this.#lent.delete(view.buffer);
    const isKept = memory.length <= this.#settings.spareBytesMax;
    if (isKept && memory.length >= (this.#spare?.length ?? 0)) this.#spare = memory;
  }
}
