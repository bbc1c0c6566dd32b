/**
 * A map with a maximum size: the entry that was set longest ago is dropped first. A look-up costs
 * no more than in any map, so it is used on hot paths; elsewhere `lru-cache` also takes look-ups
 * into account.
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

  /** Makes the entry the youngest one, whether it is new or not. */
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
