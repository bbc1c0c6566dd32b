/** What a gateway knows of a member of a group, and whether it lives. */
import { ownerNameOf } from '../domain/leases/lease-owners.ts';
import type { GroupPartition } from '../domain/leases/group-offset.ts';

export type MemberName = {
  readonly memberId: string;
  readonly clientId: string;
  /** Of a group whose members assign; else the coordinator does. */
  readonly isClassic: boolean;
  /** By which the member's heartbeats come. One that dies does so with its connection. */
  readonly connection: { readonly isClosed: boolean };
};

export type Member = {
  readonly owner: string;
  readonly isClassic: boolean;
  heardAtMs: number;
  /** It waits for the answer to JoinGroup or SyncGroup, which takes as long as others take. */
  isJoining: boolean;
  connection: MemberName['connection'];
  /** What it says itself that it works on; of members that begin anew with each joining nothing. */
  owned: ReadonlySet<string>;
  /** What Kafka gave it; undefined where this gateway has not seen that yet. */
  assigned: readonly GroupPartition[] | undefined;
  /** Whether its assignment may be cut. */
  isShareable: boolean;
  /** What it works on: all that Kafka gave it but what KCL workers hold. */
  held: Set<string>;
  /** What it is to give back when it next joins. */
  readonly releasing: Set<string>;
  /** What it was told to give back, and works on until it says that it does not any more. */
  readonly revoking: Set<string>;
  /**
   * It begins nothing, until it is known which owners of its leases live: what it began now, it
   * might have to begin again when it joins for the rest.
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

/** Heard of within a failover time, or waiting for its group, on a connection that is open. */
export function isAlive({ connection, isJoining, heardAtMs }: Member, failoverMs: number): boolean {
  return !connection.isClosed && (isJoining || performance.now() - heardAtMs <= failoverMs);
}
