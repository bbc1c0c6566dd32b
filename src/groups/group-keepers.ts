/** The keepers of all groups with members on this gateway, and their timers. */
import { isGatewayError } from '../domain/errors.ts';
import type { GroupCoordinator } from '../ports/group-coordinator.ts';
import type { LeaseOwnership, LeaseReader } from '../ports/lease-tables.ts';
import { GroupKeeper } from './group-keeper.ts';
import type { MemberName } from './group-member.ts';
import type { GroupTables } from './group-tables.ts';
import type { GroupPartition } from '../domain/leases/group-offset.ts';

/** Renewals per failover time, as in KCL. */
const ticksPerFailover = 3;
/** The fraction of the interval that passes between two ticks even if a tick takes long. */
const restPart = 1 / 4;
const keepersMax = 10_000;

export type GroupKeepersSettings = {
  readonly groups: Pick<GroupTables, 'hasTable' | 'table' | 'findStream'>;
  readonly tables: LeaseOwnership & Pick<LeaseReader, 'workers'>;
  readonly coordinator: GroupCoordinator;
  readonly failoverMs: number;
  /** Reports failures of work that no call waits for. */
  readonly onProblem: (groupId: string, error: unknown) => void;
};

export class GroupKeepers {
  readonly #settings: GroupKeepersSettings;
  readonly #keepers = new Map<string, GroupKeeper>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  #isStopped = false;

  constructor(settings: GroupKeepersSettings) {
    this.#settings = settings;
  }

  /** Leases stay with their members, which may reconnect to this gateway or to another. */
  stop(): void {
    this.#isStopped = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  /** A member of the group has sent a heartbeat. */
  heard(groupId: string, member: MemberName): void {
    this.#keeper(groupId)?.heard(member);
  }

  /** A member waits for the other members to join. */
  joins(groupId: string, member: MemberName): void {
    this.#keeper(groupId)?.joins(member);
  }

  /** A member reports the partitions that it owns. Errors: `unavailable`. */
  async owns(
    groupId: string,
    member: MemberName,
    partitions: readonly GroupPartition[],
  ): Promise<void> {
    await this.#keeper(groupId)?.owns(member, partitions);
  }

  isClassic(groupId: string, memberId: string): boolean {
    return this.#keepers.get(groupId)?.isClassic(memberId) ?? true;
  }

  mustRejoin(groupId: string, memberId: string): boolean {
    return this.#keepers.get(groupId)?.mustRejoin(memberId) ?? false;
  }

  hasLost(groupId: string, memberId: string, partition: GroupPartition): boolean {
    return this.#keepers.get(groupId)?.hasLost(memberId, partition) ?? false;
  }

  assignedTo(groupId: string, memberId: string): readonly GroupPartition[] | undefined {
    return this.#keepers.get(groupId)?.assignedTo(memberId);
  }

  /** The part of the member's assignment that it may process now. Errors: `unavailable`. */
  async assign(
    groupId: string,
    member: MemberName,
    partitions: readonly GroupPartition[],
    isShareable: boolean,
  ): Promise<readonly GroupPartition[]> {
    const keeper = this.#keeper(groupId);
    if (keeper === undefined) return partitions;
    try {
      return await keeper.assign(member, partitions, isShareable);
    } catch (error) {
      // A table that belongs to something else is not a lease table.
      if (isGatewayError(error, 'in-use')) return partitions;
      throw error;
    }
  }

  async leave(groupId: string, memberId: string): Promise<void> {
    try {
      await this.#keepers.get(groupId)?.leave(memberId);
    } catch (error) {
      this.#settings.onProblem(groupId, error);
    }
  }

  /**
   * Undefined if the group has no table, and for groups beyond the number that one gateway keeps.
   */
  #keeper(groupId: string): GroupKeeper | undefined {
    const known = this.#keepers.get(groupId);
    const { groups, tables, coordinator, failoverMs } = this.#settings;
    if (known !== undefined || this.#isStopped || !groups.hasTable(groupId)) return known;
    if (this.#keepers.size >= keepersMax) return undefined;
    const keeper = new GroupKeeper({
      groupId,
      table: groups.table(groupId),
      tables,
      coordinator,
      findStream: (topic) => groups.findStream(topic),
      failoverMs,
    });
    this.#keepers.set(groupId, keeper);
    this.#schedule(groupId, keeper);
    return keeper;
  }

  #schedule(groupId: string, keeper: GroupKeeper, tookMs = 0): void {
    const everyMs = this.#settings.failoverMs / ticksPerFailover;
    const timer = setTimeout(
      () => {
        const startedAtMs = performance.now();
        keeper
          .tick()
          .catch((error: unknown) => this.#settings.onProblem(groupId, error))
          .finally(() => this.#goOn(groupId, keeper, performance.now() - startedAtMs));
      },
      Math.max(everyMs - tookMs, everyMs * restPart),
    );
    timer.unref();
    this.#timers.set(groupId, timer);
  }

  #goOn(groupId: string, keeper: GroupKeeper, tookMs: number): void {
    if (this.#isStopped) return;
    if (!keeper.isEmpty) return this.#schedule(groupId, keeper, tookMs);
    this.#keepers.delete(groupId);
    this.#timers.delete(groupId);
  }
}
