/**
 * Which offsets transactions hold that have not ended: Kafka's coordinator shows them when the
 * transaction has committed, and only then are they written to lease tables. What a gateway that
 * died knew of is taken over from the coordinator when the group next fetches its offsets.
 */
import { LRUCache } from 'lru-cache';
import { type GroupPartition, placeOf } from '../domain/leases/group-offset.ts';

const transactionsMax = 10_000;

type Groups = Map<string, Map<string, GroupPartition>>;

export class TransactionOffsets {
  /** The transaction that was touched longest ago is forgotten first. */
  readonly #transactions = new LRUCache<string, Groups>({ max: transactionsMax });

  add(transactionalId: string, groupId: string, partitions: readonly GroupPartition[]): void {
    const groups: Groups = this.#transactions.get(transactionalId) ?? new Map();
    this.#transactions.set(transactionalId, groups);
    const held: Map<string, GroupPartition> = groups.get(groupId) ?? new Map();
    groups.set(groupId, held);
    for (const each of partitions) held.set(placeOf(each), each);
  }

  /** The groups that have offsets in the transaction, and which. */
  of(transactionalId: string): readonly {
    readonly groupId: string;
    readonly partitions: readonly GroupPartition[];
  }[] {
    const groups: Groups = this.#transactions.get(transactionalId) ?? new Map();
    return [...groups].map(([groupId, held]) => ({ groupId, partitions: [...held.values()] }));
  }

  ended(transactionalId: string): void {
    this.#transactions.delete(transactionalId);
  }
}
