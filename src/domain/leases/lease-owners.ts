/**
 * The owner of a lease: a KCL worker, or a member of the Kafka group, for which a gateway holds it.
 * Also how the two sides share the shards: by KCL's own rule, so that both reach the same result.
 * Pure.
 */

const memberPrefix = 'kafka/';

/** The owner's name in a lease while a member of the Kafka group holds the shard. */
export function ownerNameOf(clientId: string, memberId: string): string {
  return `${memberPrefix}${clientId}/${memberId}`;
}

export function isMember(owner: string): boolean {
  return owner.startsWith(memberPrefix);
}

/** The prefix of such names, for conditional writes. */
export const memberOwnerPrefix = memberPrefix;

/** How many shards each owner holds; owners without a shard are included with 0. */
export type OwnerCounts = ReadonlyMap<string, number>;

/** How many shards each owner should hold, as KCL 2 computes it. */
export function fairShare(leaseCount: number, counts: OwnerCounts): number {
  return counts.size === 0 ? leaseCount : Math.ceil(leaseCount / counts.size);
}

/**
 * Whether one lease should move from the busiest owner on one side to an owner on the other side
 * that holds `count`: yes if the busiest holds more than its share, or exactly its share while the
 * other is two short. Source: the Amazon Kinesis Client Library, lease stealing.
 */
export function shouldGive(share: number, most: number, count: number): boolean {
  const needed = share - count;
  return needed > 0 && (most > share || (most === share && needed > 1));
}

/** The owner with the most, or the fewest, shards among those for which `isOne` holds. */
export function extremeOwner(
  counts: OwnerCounts,
  isOne: (owner: string) => boolean,
  which: 'most' | 'fewest',
): { readonly owner: string; readonly count: number } | undefined {
  let found: { owner: string; count: number } | undefined;
  for (const [owner, count] of counts) {
    if (!isOne(owner)) continue;
    const isMore =
      found === undefined || (which === 'most' ? count > found.count : count < found.count);
    if (isMore) found = { owner, count };
  }
  return found;
}
