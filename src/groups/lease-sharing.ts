/**
 * How a group's leases are shared between KCL workers and the members of this gateway: one at a
 * time goes from the side that has too much to the other. Pure.
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
  /** Members that should take a lease, in turn until one has, and from whom, in turn. */
  readonly takers: readonly Member[];
  readonly workers: readonly string[];
  /** The member that has too much, and gives one back, where none of them takes any. */
  readonly giver: Member | undefined;
};

/**
 * By KCL 2's rule, whose workers steal from each other and from members; or, where workers have a
 * leader (KCL 3), between the two sides as wholes. Undefined where no worker lives.
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
 * A leader shares out by what workers say of their load, so that one of them may have nothing, and
 * what is given for him go to another. So only what the workers have together is looked at.
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

/** Of all members; one that is giving already, or is another gateway's, is not among these. */
function giverAmong<Member extends Sharer>(
  counts: OwnerCounts,
  members: readonly Member[],
  isGiven: (count: number) => boolean,
): Member | undefined {
  const most = extremeOwner(counts, isMember, 'most');
  if (most === undefined || !isGiven(most.count)) return undefined;
  return members.find(({ owner }) => owner === most.owner);
}
