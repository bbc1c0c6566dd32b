/**
 * What a connection reads in a session of fetches (KIP-227; KIP-932 for share groups). Only the
 * first request of a session names all of it; later ones say what is added and what is forgotten.
 * Kafka authorizes all of a session each time, so what was named is remembered here. A session
 * that this connection did not begin, or that grew too large, is one that nothing is known of.
 *
 * Used only where an authorizer looks.
 */
type TopicPartitions = { readonly topic: string; readonly partitions: readonly number[] };

/** Kafka's brokers have 4,000 partitions or less; what a client claims may be anything. */
const partitionsMax = 100_000;

export class FetchSession {
  #key: string | undefined;
  readonly #topics = new Map<string, Set<number>>();
  #partitions = 0;

  /** A session of this key begins, and ends the one before. */
  begin(key: string, named: readonly TopicPartitions[]): void {
    this.end();
    this.#key = key;
    this.#add(named);
  }

  end(): void {
    this.#key = undefined;
    this.#topics.clear();
    this.#partitions = 0;
  }

  /** Topics of the session from now on; undefined where nothing is known of it. */
  goOn(
    key: string,
    added: readonly TopicPartitions[],
    forgotten: readonly TopicPartitions[],
  ): readonly string[] | undefined {
    if (this.#key !== key) return undefined;
    this.#remove(forgotten);
    this.#add(added);
    return this.#key === undefined ? undefined : [...this.#topics.keys()];
  }

  #add(named: readonly TopicPartitions[]): void {
    for (const { topic, partitions } of named) {
      const known = this.#topics.get(topic) ?? new Set();
      this.#topics.set(topic, known);
      this.#partitions -= known.size;
      for (const partition of partitions) known.add(partition);
      this.#partitions += known.size;
    }
    if (this.#partitions > partitionsMax) this.end();
  }

  #remove(forgotten: readonly TopicPartitions[]): void {
    for (const { topic, partitions } of forgotten) {
      const known = this.#topics.get(topic);
      if (known === undefined) continue;
      this.#partitions -= known.size;
      for (const partition of partitions) known.delete(partition);
      this.#partitions += known.size;
      if (known.size === 0) this.#topics.delete(topic);
    }
  }
}
