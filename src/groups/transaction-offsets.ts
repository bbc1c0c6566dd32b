/**
 * Which offsets transactions hold that have not ended: Kafka's coordinator shows them when the
 * transaction has committed, and only then are they written to lease tables. What a gateway that
 * died knew of is taken over from the coordinator when the group next fetches its offsets.
 */
import type { GroupPartition } from './group-offsets.ts';

/** Transactions remembered; the one that was touched longest ago goes first. */
const transactionsMax = 10_000;

type Groups = Map<string, Map<string, GroupPartition>>;

export class TransactionOffsets {
  readonly #transactions = new Map<string, Groups>();

  add(transactionalId: string, groupId: string, partitions: readonly GroupPartition[]): void {
    const groups = this.#transactions.get(transactionalId) ?? new Map();
    this.#transactions.delete(transactionalId);
    if (this.#transactions.size >= transactionsMax) {
      const [oldest] = this.#transactions.keys();
      this.#transactions.delete(oldest!);
    }
    this.#transactions.set(transactionalId, groups);
    const held: Map<string, GroupPartition> = groups.get(groupId) ?? new Map();
    groups.set(groupId, held);
    for (const each of partitions) held.set(`${each.topic} ${each.partition}`, each);
  }

  /** The groups that have offsets in the transaction, and which. */
  of(transactionalId: string): readonly {
    readonly groupId: string;
    readonly partitions: readonly GroupPartition[];
  }[] {
    const groups = this.#transactions.get(transactionalId) ?? new Map<string, never>();
    return [...groups].map(([groupId, held]) => ({ groupId, partitions: [...held.values()] }));
  }

  ended(transactionalId: string): void {
    this.#transactions.delete(transactionalId);
  }
}
