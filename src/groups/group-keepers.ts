/** The keepers of all groups that have members on this gateway, and their ticks. */
import { isGatewayError } from '../domain/errors.ts';
import type { GroupCoordinator } from '../ports/group-coordinator.ts';
import type { LeaseOwnership, LeaseReader } from '../ports/lease-tables.ts';
import { GroupKeeper } from './group-keeper.ts';
import type { MemberName } from './group-member.ts';
import type { GroupTables } from './group-tables.ts';
import type { GroupPartition } from '../domain/leases/group-offset.ts';

/** Renewals in each failover time, as KCL's. */
const ticksPerFailover = 3;
/** Of the time between two ticks, what lies between them even where a tick takes long. */
const restPart = 1 / 4;
const keepersMax = 10_000;

export type GroupKeepersSettings = {
  readonly groups: Pick<GroupTables, 'hasTable' | 'table' | 'findStream'>;
  readonly tables: LeaseOwnership & Pick<LeaseReader, 'workers'>;
  readonly coordinator: GroupCoordinator;
  readonly failoverMs: number;
  /** What went wrong where nobody waits for it. */
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

  /** Leases stay with their members, who may come back to this gateway or to another. */
  stop(): void {
    this.#isStopped = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  /** A member of the group lives. */
  heard(groupId: string, member: MemberName): void {
    this.#keeper(groupId)?.heard(member);
  }

  /** A member waits for the others of its group to join. */
  joins(groupId: string, member: MemberName): void {
    this.#keeper(groupId)?.joins(member);
  }

  /** What a member says that it works on. Errors: `unavailable`. */
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

  /** Of what Kafka gives the member, what it may work on now. Errors: `unavailable`. */
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
      // A table that is something else's is no lease table.
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

  /** Undefined where the group has no table, and for more groups than one gateway keeps. */
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
