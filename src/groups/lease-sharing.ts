/**
 * How a group's leases are shared between KCL workers and the members of this gateway: one at a
 * time goes from the side that has too much to the other, by KCL's own rule. Pure.
 */
import {
  extremeOwner,
  fairShare,
  isMember,
  type OwnerCounts,
  shouldGive,
} from '../domain/lease-owners.ts';

type Sharer = { readonly owner: string };

export type SharingPlan<Member> = {
  /** The worker who has too much, and the members that should have one of his, in turn. */
  readonly worker: string;
  readonly takers: readonly Member[];
  /** The member that has too much, and gives one back, where none of them takes any. */
  readonly giver: Member | undefined;
};

/** Undefined where no worker lives. */
export function planSharing<Member extends Sharer>(
  leaseCount: number,
  counts: OwnerCounts,
  members: readonly Member[],
): SharingPlan<Member> | undefined {
  const isWorker = (owner: string) => !isMember(owner);
  const most = extremeOwner(counts, isWorker, 'most');
  const fewest = extremeOwner(counts, isWorker, 'fewest');
  if (most === undefined || fewest === undefined) return undefined;
  const share = fairShare(leaseCount, counts);
  const takers = members.filter(({ owner }) =>
    shouldGive(share, most.count, counts.get(owner) ?? 0),
  );
  const mostOfMembers = extremeOwner(counts, isMember, 'most');
  const isGiven =
    mostOfMembers !== undefined && shouldGive(share, mostOfMembers.count, fewest.count);
  const giver = isGiven ? members.find(({ owner }) => owner === mostOfMembers.owner) : undefined;
  return { worker: most.owner, takers, giver };
}
