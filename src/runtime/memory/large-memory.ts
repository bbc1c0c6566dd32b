/**
 * Large pieces of memory, used again once their reader says that it is done with them. A reader
 * that catches up takes 10 MB and more with every call, faster than the memory would be collected.
 * What is never given back is collected in time.
 */
export type LargeMemorySettings = {
  /** Smaller pieces are the collector's. */
  readonly bytesMin: number;
  /** Sizes are rounded up to these steps, so that a piece serves for more than one size. */
  readonly stepBytes: number;
  /** A larger piece is not kept. */
  readonly spareBytesMax: number;
};

export class LargeMemory {
  readonly #settings: LargeMemorySettings;
  readonly #lent = new WeakMap<ArrayBufferLike, Buffer>();
  /** The largest that was given back: it serves for every size. */
  #spare: Buffer | undefined;

  constructor(settings: LargeMemorySettings) {
    this.#settings = settings;
  }

  /** So many bytes, whatever is in them. */
  take(size: number): Buffer {
    const { bytesMin, stepBytes } = this.#settings;
    if (size < bytesMin) return Buffer.allocUnsafeSlow(size);
    let memory = this.#spare;
    if (memory !== undefined && memory.length >= size) this.#spare = undefined;
    else memory = Buffer.allocUnsafeSlow(Math.ceil(size / stepBytes) * stepBytes);
    this.#lent.set(memory.buffer, memory);
    return memory.subarray(0, size);
  }

  /** Of what `take` gave, or any view of it: nothing may look at it from now on. */
  giveBack(view: Buffer): void {
    const memory = this.#lent.get(view.buffer);
    if (memory === undefined) return;
    this.#lent.delete(view.buffer);
    const isKept = memory.length <= this.#settings.spareBytesMax;
    if (isKept && memory.length >= (this.#spare?.length ?? 0)) this.#spare = memory;
  }
}
