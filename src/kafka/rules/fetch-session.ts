/**
 * The topics of a connection's fetch session (KIP-227; KIP-932 for share groups). Only the first
 * request of a session names all of them; later ones name additions and removals. Kafka authorizes
 * the whole session each time, so its topics are remembered here. The topics of a session that this
 * connection did not start, or that grew too large, are not known.
 *
 * Only used if the authorizer does not permit everything.
 */
type TopicPartitions = { readonly topic: string; readonly partitions: readonly number[] };

/** Kafka brokers have about 4,000 partitions at most; a client may claim any number. */
const partitionsMax = 100_000;

export class FetchSession {
  #key: string | undefined;
  readonly #topics = new Map<string, Set<number>>();
  #partitions = 0;

  /** Starts a session with this key, which ends the former one. */
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

  /** The topics of the session from now on; undefined if they are not known. */
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
