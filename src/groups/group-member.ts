/** What a gateway knows about a member of a group, and whether the member is alive. */
import { ownerNameOf } from '../domain/leases/lease-owners.ts';
import type { GroupPartition } from '../domain/leases/group-offset.ts';

export type MemberName = {
  readonly memberId: string;
  readonly clientId: string;
  /** Whether the group's members compute assignments; otherwise the coordinator does. */
  readonly isClassic: boolean;
  /** The connection of the member's heartbeats. A member is dead when it is closed. */
  readonly connection: { readonly isClosed: boolean };
};

export type Member = {
  readonly owner: string;
  readonly isClassic: boolean;
  heardAtMs: number;
  /** It waits for the response to JoinGroup or SyncGroup, which depends on other members. */
  isJoining: boolean;
  connection: MemberName['connection'];
  /**
   * The partitions that it reports as owned; empty for members that start over with each join
   * (eager protocol).
   */
  owned: ReadonlySet<string>;
  /** Its assignment from Kafka; undefined if this gateway has not seen it yet. */
  assigned: readonly GroupPartition[] | undefined;
  /** Whether its assignment may be reduced. */
  isShareable: boolean;
  /**
   * The partitions that it processes: its assignment from Kafka without those that KCL workers
   * hold.
   */
  held: Set<string>;
  /** The partitions that it must give back when it next joins. */
  readonly releasing: Set<string>;
  /**
   * The partitions that were revoked, which it processes until it reports that it no longer owns
   * them.
   */
  readonly revoking: Set<string>;
  /**
   * It starts nothing until it is known which owners of its leases are alive: otherwise it might
   * have to restart when it rejoins for the remaining ones.
   */
  isWaiting: boolean;
  mustRejoin: boolean;
};

export function newMember({ memberId, clientId, isClassic, connection }: MemberName): Member {
  return {
    owner: ownerNameOf(clientId, memberId),
    isClassic,
    heardAtMs: performance.now(),
    isJoining: false,
    connection,
    owned: new Set(),
    assigned: undefined,
    isShareable: true,
    held: new Set(),
    releasing: new Set(),
    revoking: new Set(),
    isWaiting: false,
    mustRejoin: false,
  };
}

/** Whether it was active within a failover time, or waits for its group, on an open connection. */
export function isAlive({ connection, isJoining, heardAtMs }: Member, failoverMs: number): boolean {
  return !connection.isClosed && (isJoining || performance.now() - heardAtMs <= failoverMs);
}
