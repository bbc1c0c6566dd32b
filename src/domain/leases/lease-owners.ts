/**
 * Who owns a lease: a KCL worker, or a member of the Kafka group, for whom a gateway holds it. And
 * how the two sides share the shards: by KCL's own rule, so that both come to the same end. Pure.
 */

const memberPrefix = 'kafka/';

/** As the owner of a lease is named while a member of the Kafka group holds the shard. */
export function ownerNameOf(clientId: string, memberId: string): string {
  return `${memberPrefix}${clientId}/${memberId}`;
}

export function isMember(owner: string): boolean {
  return owner.startsWith(memberPrefix);
}

/** For conditions on what an owner's name begins with. */
export const memberOwnerPrefix = memberPrefix;

/** How many shards each owner works on; those that have none are in it with 0. */
export type OwnerCounts = ReadonlyMap<string, number>;

/** What each owner should have, as KCL 2 reckons it. */
export function fairShare(leaseCount: number, counts: OwnerCounts): number {
  return counts.size === 0 ? leaseCount : Math.ceil(leaseCount / counts.size);
}

/**
 * Whether one lease should go from the owner with the most of one side to an owner of the other
 * that has `count`: where he has more than his share, or just that and the other lacks two. Source:
 * the Amazon Kinesis Client Library, stealing of leases.
 */
export function shouldGive(share: number, most: number, count: number): boolean {
  const needed = share - count;
  return needed > 0 && (most > share || (most === share && needed > 1));
}

/** The owner with the most, or the fewest, among those that `isOne`. */
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
