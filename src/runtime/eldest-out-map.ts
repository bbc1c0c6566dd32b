/**
 * A map that holds so many entries: the one that was set longest ago goes first. Looking costs no
 * more than with any map, so it is for the paths of records; elsewhere `lru-cache` sees use, too.
 */
export class EldestOutMap<K, V> {
  readonly #entries = new Map<K, V>();
  readonly #entriesMax: number;

  constructor(entriesMax: number) {
    this.#entriesMax = entriesMax;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: K): V | undefined {
    return this.#entries.get(key);
  }

  /** The entry is the youngest now, be it new or not. */
  set(key: K, value: V): void {
    if (!this.#entries.delete(key) && this.#entries.size >= this.#entriesMax) {
      for (const eldest of this.#entries.keys()) {
        this.#entries.delete(eldest);
        break;
      }
    }
    this.#entries.set(key, value);
  }

  delete(key: K): void {
    this.#entries.delete(key);
  }
}
