/**
 * How a group's leases are shared between KCL workers and the members on this gateway: one lease at
 * a time moves from the side that has too many to the other. Pure.
 */
import {
  extremeOwner,
  fairShare,
  isMember,
  type OwnerCounts,
  shouldGive,
} from '../domain/leases/lease-owners.ts';

type Sharer = { readonly owner: string };

export type SharingPlan<Member> = {
  /**
   * Members that should take a lease, to be tried in order until one succeeds, and the workers to
   * take it from, in order.
   */
  readonly takers: readonly Member[];
  readonly workers: readonly string[];
  /** If no member should take a lease: the member that has too many and gives one back. */
  readonly giver: Member | undefined;
};

/**
 * Follows the rule of KCL 2, whose workers steal from each other and from members. If the workers
 * have a leader (KCL 3), only the totals of the two sides are compared. Undefined if no worker is
 * alive.
 */
export function planSharing<Member extends Sharer>(
  leaseCount: number,
  counts: OwnerCounts,
  members: readonly Member[],
  haveLeader: boolean,
): SharingPlan<Member> | undefined {
  const workers = [...counts].filter(([owner]) => !isMember(owner));
  if (workers.length === 0) return undefined;
  return haveLeader
    ? planSides(leaseCount, counts, members, workers)
    : planOwners(leaseCount, counts, members);
}

function planOwners<Member extends Sharer>(
  leaseCount: number,
  counts: OwnerCounts,
  members: readonly Member[],
): SharingPlan<Member> {
  const isWorker = (owner: string) => !isMember(owner);
  const most = extremeOwner(counts, isWorker, 'most')!;
  const fewest = extremeOwner(counts, isWorker, 'fewest')!;
  const share = fairShare(leaseCount, counts);
  const takers = members.filter(({ owner }) =>
    shouldGive(share, most.count, counts.get(owner) ?? 0),
  );
  const isGiven = (count: number) => shouldGive(share, count, fewest.count);
  return { workers: [most.owner], takers, giver: giverAmong(counts, members, isGiven) };
}

/**
 * The KCL 3 leader assigns leases by the workers' reported load, so a worker may hold no lease, and
 * a lease that is released for it may go to another worker. Therefore only the workers' total is
 * compared.
 */
function planSides<Member extends Sharer>(
  leaseCount: number,
  counts: OwnerCounts,
  members: readonly Member[],
  workers: readonly (readonly [string, number])[],
): SharingPlan<Member> {
  const ofMembers = [...counts].filter(([owner]) => isMember(owner));
  const held = ofMembers.reduce((sum, [, count]) => sum + count, 0);
  const fair = (leaseCount * ofMembers.length) / counts.size;
  const countOf = ({ owner }: Sharer) => counts.get(owner) ?? 0;
  const fewestFirst = members.toSorted((one, other) => countOf(one) - countOf(other));
  const mostFirst = workers.toSorted(([, one], [, other]) => other - one);
  return {
    workers: mostFirst.map(([owner]) => owner),
    takers: fair - held >= 1 ? fewestFirst : [],
    giver: giverAmong(counts, members, () => held - fair >= 1),
  };
}

/**
 * Leases of all members; those that already give one back, or are on another gateway, are not
 * included in the list.
 */
function giverAmong<Member extends Sharer>(
  counts: OwnerCounts,
  members: readonly Member[],
  isGiven: (count: number) => boolean,
): Member | undefined {
  const most = extremeOwner(counts, isMember, 'most');
  if (most === undefined || !isGiven(most.count)) return undefined;
  return members.find(({ owner }) => owner === most.owner);
}
