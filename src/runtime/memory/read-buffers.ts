/**
 * Buffers for reading brokers' responses. A buffer is read into, written to the client from the
 * same bytes, and released when the last of them was written. A busy connection gets larger
 * buffers, so that it needs fewer reads for the same bytes; an idle one holds little memory.
 */
const sizes = [8 * 1024, 64 * 1024, 256 * 1024] as const;
/** The most free buffers that are kept of each size. */
const freeMax: readonly number[] = [256, 64, 64];

const free: Buffer[][] = sizes.map(() => []);

/** A buffer with a reference count: the number of pending writes from it. */
export class ReadBuffer {
  readonly bytes: Buffer;
  readonly #sizeIndex: number;
  #uses = 1;

  private constructor(sizeIndex: number) {
    this.#sizeIndex = sizeIndex;
    this.bytes = free[sizeIndex]!.pop() ?? Buffer.allocUnsafeSlow(sizes[sizeIndex]!);
  }

  /** Takes a buffer for a connection whose last read returned this many bytes. */
  static next(before: ReadBuffer | undefined, readBytes: number): ReadBuffer {
    if (before === undefined) return new ReadBuffer(0);
    let index = before.#sizeIndex;
    if (readBytes === before.bytes.length && index < sizes.length - 1) index++;
    else if (index > 0 && readBytes < sizes[index - 1]! / 2) index--;
    return new ReadBuffer(index);
  }

  retain(): void {
    this.#uses++;
  }

  /** Called once for each use, including the reader's own. */
  readonly release = (): void => {
    this.#uses--;
    if (this.#uses === 0 && free[this.#sizeIndex]!.length < freeMax[this.#sizeIndex]!) {
      free[this.#sizeIndex]!.push(this.bytes);
    }
  };
}
