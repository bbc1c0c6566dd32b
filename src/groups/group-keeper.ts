/**
 * The leases of one group while some of its members are connected to this gateway. A member gets a
 * partition that Kafka assigns to it if the partition's lease can be taken. A lease that a KCL
 * worker holds stays with that worker, and the member is asked to rejoin when that changes. Leases
 * are renewed by incrementing their counters, and shared with KCL workers by the rules in
 * lease-sharing.ts.
 */
import { isMember } from '../domain/leases/lease-owners.ts';
import { isDoneByGroup, type Lease } from '../domain/leases/leases.ts';
import type { LeaseView } from '../domain/leases/lease-view.ts';
import type { Stream } from '../domain/streams/stream.ts';
import { isGatewayError } from '../domain/errors.ts';
import type { GroupCoordinator } from '../ports/group-coordinator.ts';
import type { LeaseOwnership, LeaseReader } from '../ports/lease-tables.ts';
import { atOnce } from '../runtime/at-once.ts';
import { Turns } from '../runtime/turns.ts';
import { isAlive, type Member, type MemberName, newMember } from './group-member.ts';
import { takenOver } from './checkpoint-coalescer.ts';
import type { GroupTable } from './group-table.ts';
import { planSharing } from './lease-sharing.ts';
import { LeaseWatch } from './lease-watch.ts';
import { type GroupPartition, placeOf } from '../domain/leases/group-offset.ts';

const writesAtOnce = 32;
const renewedAtOnce = 100;
/** The fraction of the failover time within which all leases of a member must be renewed. */
const renewalPart = 1 / 10;
/** A KCL 3 worker that has not reported its metrics for this long is gone. */
const workerSilentSecondsMax = 120;
/** A member that has been silent for this many failover times is dropped. */
const silentFailoversMax = 6;

export type GroupKeeperSettings = {
  readonly groupId: string;
  readonly table: GroupTable;
  readonly tables: LeaseOwnership & Pick<LeaseReader, 'workers'>;
  readonly coordinator: GroupCoordinator;
  readonly findStream: (topic: string) => Promise<Stream | undefined>;
  readonly failoverMs: number;
};

export class GroupKeeper {
  readonly #settings: GroupKeeperSettings;
  readonly #members = new Map<string, Member>();
  readonly #watch: LeaseWatch;
  readonly #turns = new Turns();

  constructor(settings: GroupKeeperSettings) {
    this.#settings = settings;
    this.#watch = new LeaseWatch(settings.failoverMs);
  }

  get isEmpty(): boolean {
    return this.#members.size === 0;
  }

  /** A member has sent a heartbeat. */
  heard(name: MemberName): void {
    this.#heard(name);
  }

  /** A member is alive, and will be silent until the other members of its group have joined too. */
  joins(name: MemberName): void {
    this.#heard(name).isJoining = true;
  }

  #heard(name: MemberName): Member {
    const member = this.#member(name);
    member.heardAtMs = performance.now();
    member.connection = name.connection;
    member.isJoining = false;
    return member;
  }

  /**
   * A member reports the partitions that it owns: a partition that it had to give back, and no
   * longer names, is free now, after its last commit. Errors: `unavailable`.
   */
  async owns(name: MemberName, partitions: readonly GroupPartition[]): Promise<void> {
    const member = this.#heard(name);
    member.owned = new Set(partitions.map(placeOf));
    const { owned, held, revoking } = member;
    // The answer that revoked it may never have reached the member.
    const isTooMuch = (each: GroupPartition) =>
      owned.has(placeOf(each)) && !held.has(placeOf(each));
    if (!name.isClassic && member.assigned?.some(isTooMuch) === true) member.mustRejoin = true;
    const isGiven = [...revoking].some((place) => !owned.has(place));
    if (isGiven) await this.#turns.run(() => this.#releaseRevoked(member));
  }

  isClassic(memberId: string): boolean {
    return this.#members.get(memberId)?.isClassic ?? true;
  }

  mustRejoin(memberId: string): boolean {
    return this.#members.get(memberId)?.mustRejoin ?? false;
  }

  /** Whether the partition is assigned to the member while a KCL worker holds its lease. */
  hasLost(memberId: string, partition: GroupPartition): boolean {
    const member = this.#members.get(memberId);
    const place = placeOf(partition);
    if (member?.assigned === undefined) return false;
    if (member.held.has(place) || member.revoking.has(place)) return false;
    return member.assigned.some((each) => placeOf(each) === place);
  }

  /**
   * Kafka has assigned partitions to a member: returns those that it may process now. A member that
   * is not shareable gets all of them. Errors: `unavailable`.
   */
  assign(
    name: MemberName,
    partitions: readonly GroupPartition[],
    isShareable: boolean,
  ): Promise<readonly GroupPartition[]> {
    const member = this.#heard(name);
    return this.#turns.run(() => this.#assign(member, partitions, isShareable));
  }

  /** The member's latest assignment from Kafka; undefined if it is not known. */
  assignedTo(memberId: string): readonly GroupPartition[] | undefined {
    return this.#members.get(memberId)?.assigned;
  }

  /** The member has left: its leases are free at once. Errors: `unavailable`. */
  leave(memberId: string): Promise<void> {
    const member = this.#members.get(memberId);
    this.#members.delete(memberId);
    if (member === undefined) return Promise.resolve();
    return this.#turns.run(() => this.#releaseAll(member));
  }

  /** To be called three times per failover time. Errors: `unavailable`. */
  tick(): Promise<void> {
    return this.#turns.run(() => this.#tick());
  }

  #member(name: MemberName): Member {
    let member = this.#members.get(name.memberId);
    if (member === undefined) {
      member = newMember(name);
      this.#members.set(name.memberId, member);
    }
    return member;
  }

  async #assign(
    member: Member,
    partitions: readonly GroupPartition[],
    isShareable: boolean,
  ): Promise<readonly GroupPartition[]> {
    member.isShareable = isShareable;
    member.mustRejoin = false;
    const view = await this.#view(partitions);
    member.isWaiting = isShareable && (await this.#isInDoubt(view, partitions));
    if (member.isWaiting) {
      // It continues with the partitions that it already processes.
      const kept: GroupPartition[] = [];
      for (const partition of partitions) {
        const lease = await this.#leaseOf(view, partition);
        const isOwn = lease === undefined || lease.owner === member.owner;
        if (isOwn && member.owned.has(placeOf(partition))) kept.push(partition);
      }
      member.assigned = partitions;
      member.held = new Set(kept.map(placeOf));
      return kept;
    }
    const held = new Set(isShareable ? [] : partitions.map(placeOf));
    const wanted = new Map<Lease, string>();
    await atOnce(writesAtOnce, partitions, async (partition) => {
      const lease = await this.#leaseOf(view, partition);
      const claim = lease === undefined ? 'has' : await this.#claim(member, partition, lease);
      if (claim === 'has') held.add(placeOf(partition));
      else if (claim === 'may-take') wanted.set(lease!, placeOf(partition));
    });
    for (const lease of await this.#take([...wanted.keys()], member.owner)) {
      held.add(wanted.get(lease)!);
    }
    member.releasing.clear();
    member.assigned = partitions;
    member.held = held;
    return partitions.filter((each) => held.has(placeOf(each)));
  }

  /** Whether the member owns the lease, or may take it. */
  async #claim(
    member: Member,
    partition: GroupPartition,
    lease: Lease,
  ): Promise<'has' | 'may-take' | 'not-its'> {
    const { owner } = member;
    const place = placeOf(partition);
    const isHandedOver = lease.checkpointOwner === owner;
    if (isHandedOver || (member.releasing.has(place) && lease.owner === owner)) {
      if (member.owned.has(place)) member.revoking.add(place);
      else await this.#release(lease, owner);
      return 'not-its';
    }
    member.revoking.delete(place);
    const isOfMember = lease.owner !== undefined && isMember(lease.owner);
    if (isOfMember && this.#watch.isStillOfWorker(lease)) {
      if (lease.owner !== owner) await this.#handOver(lease, owner);
      return 'not-its';
    }
    if (lease.owner === owner && lease.checkpointOwner === undefined) return 'has';
    return isOfMember || this.#watch.isFree(lease) ? 'may-take' : 'not-its';
  }

  async #handOver(lease: Lease, owner: string): Promise<boolean> {
    const { tables, table } = this.#settings;
    return isDone(tables.handOver(table.name, lease, owner));
  }

  async #takeOne(lease: Lease, owner: string): Promise<boolean> {
    return (await this.#take([lease], owner)).length > 0;
  }

  /** The leases that the owner holds now. */
  async #take(leases: readonly Lease[], owner: string): Promise<readonly Lease[]> {
    const { tables, table } = this.#settings;
    const taken = await tables.take(table.name, leases, owner);
    for (const lease of taken) this.#watch.forget(lease);
    return taken;
  }

  async #release(lease: Lease, owner: string): Promise<void> {
    const { tables, table } = this.#settings;
    this.#watch.leaveToWorkers(lease);
    await isDone(tables.release(table.name, lease, owner));
  }

  async #releaseRevoked(member: Member): Promise<void> {
    const view = await this.#view();
    for (const partition of member.assigned ?? []) {
      const place = placeOf(partition);
      if (member.owned.has(place) || !member.revoking.delete(place)) continue;
      const lease = await this.#leaseOf(view, partition);
      if (lease !== undefined) await this.#release(lease, member.owner);
    }
    // Partitions that Kafka has assigned to other members meanwhile belong to them.
    for (const place of member.revoking)
      if (!member.owned.has(place)) member.revoking.delete(place);
  }

  async #releaseAll(member: Member): Promise<void> {
    const view = await this.#view();
    const { tables, table } = this.#settings;
    const own = (view?.leases ?? []).filter(
      ({ owner, checkpointOwner }) => owner === member.owner || checkpointOwner === member.owner,
    );
    await atOnce(writesAtOnce, own, async (lease) => {
      await isDone(tables.release(table.name, lease, member.owner));
    });
  }

  /** Whether it is still unknown if some of the leases' owners are alive. */
  async #isInDoubt(
    view: LeaseView | undefined,
    partitions: readonly GroupPartition[],
  ): Promise<boolean> {
    for (const partition of partitions) {
      const lease = await this.#leaseOf(view, partition);
      if (lease !== undefined && this.#watch.isInDoubt(lease)) return true;
    }
    return false;
  }

  /** The current table, after its leases were observed; undefined if there is none. */
  async #view(also: readonly GroupPartition[] = []): Promise<LeaseView | undefined> {
    const view = await this.#settings.table.read();
    if (view === undefined) return undefined;
    this.#watch.see(view.leases);
    const assigned = [...this.#members.values()].flatMap((each) => each.assigned ?? []);
    const streams: Stream[] = [];
    for (const topic of new Set([...assigned, ...also].map((each) => each.topic))) {
      const stream = await this.#settings.findStream(topic);
      if (stream !== undefined) streams.push(stream);
    }
    view.claim(streams);
    return view;
  }

  async #leaseOf(
    view: LeaseView | undefined,
    { topic, partition }: GroupPartition,
  ): Promise<Lease | undefined> {
    const stream = await this.#settings.findStream(topic);
    return stream === undefined ? undefined : view?.find(stream, partition);
  }

  async #tick(): Promise<void> {
    const { failoverMs } = this.#settings;
    const nowMs = performance.now();
    for (const [memberId, member] of this.#members) {
      const isLong = nowMs - member.heardAtMs > silentFailoversMax * failoverMs;
      if (isLong && !isAlive(member, failoverMs)) this.#members.delete(memberId);
    }
    if (this.isEmpty) return;
    await this.#learnAssignments();
    const view = await this.#view();
    if (view === undefined) return;
    const living = [...this.#members.values()].filter((each) => isAlive(each, failoverMs));
    for (const member of living) {
      await this.#keep(member, view);
      if (member.isWaiting) await this.#endWaiting(member, view);
      await this.#endShards(member, view);
    }
    await this.#balance(view, living);
  }

  /**
   * Owners' names of members that joined through another gateway, or through this one before a
   * restart.
   */
  async #learnAssignments(): Promise<void> {
    const unknown = [...this.#members].filter(([, { assigned }]) => assigned === undefined);
    if (unknown.length === 0) return;
    const { coordinator, groupId } = this.#settings;
    const told = await coordinator.members(groupId);
    for (const [memberId, member] of unknown) {
      const found = told.find((each) => each.memberId === memberId);
      if (found === undefined) continue;
      member.assigned = found.partitions;
      for (const each of found.partitions) member.held.add(placeOf(each));
    }
  }

  async #endWaiting(member: Member, view: LeaseView): Promise<void> {
    if (await this.#isInDoubt(view, member.assigned ?? [])) return;
    member.isWaiting = false;
    member.mustRejoin = true;
  }

  /** Renews the member's leases, and notes changes of the others. */
  async #keep(member: Member, view: LeaseView): Promise<void> {
    const { owner } = member;
    const own = new Map<Lease, string>();
    await atOnce(writesAtOnce, member.assigned ?? [], async (partition) => {
      const lease = await this.#leaseOf(view, partition);
      if (lease === undefined) return;
      const place = placeOf(partition);
      if (member.isWaiting && !member.held.has(place)) return;
      const isHandedOver = lease.checkpointOwner === owner;
      if (lease.owner === owner && lease.checkpointOwner !== undefined && !isHandedOver) {
        const isSilent = !this.#watch.isStillOfWorker(lease);
        if (isSilent && (await this.#takeOne(lease, owner))) member.mustRejoin = true;
        return;
      }
      if (lease.owner === owner || isHandedOver) {
        own.set(lease, place);
        return;
      }
      const isFree = this.#watch.isFree(lease);
      // If its member died before this one could take the lease, the lease has no owner.
      if (!isFree && lease.owner !== undefined && isMember(lease.owner)) return;
      if (!isFree) return this.#lose(member, place);
      const isTaken = await this.#takeOne(lease, owner);
      if (isTaken && !member.held.has(place)) member.mustRejoin = member.isShareable;
    });
    for (const lease of await this.#renew([...own.keys()], owner)) {
      const place = own.get(lease)!;
      const isWaiting = !member.held.has(place) || lease.checkpointOwner === owner;
      const isTold = member.revoking.has(place);
      if (isWaiting && !isTold && member.isShareable) member.mustRejoin = true;
    }
  }

  /**
   * Returns the leases that the owner still holds. If single writes would take too long for so many
   * leases, as on a busy machine, the remaining ones are renewed in batches: owners that are late
   * lose their leases.
   */
  async #renew(leases: readonly Lease[], owner: string): Promise<readonly Lease[]> {
    const { tables, table, failoverMs } = this.#settings;
    const kept: Lease[] = [];
    let together = false;
    for (let from = 0; from < leases.length; from += renewedAtOnce) {
      const some = leases.slice(from, from + renewedAtOnce);
      const startedAtMs = performance.now();
      kept.push(...(await tables.renew(table.name, some, owner, together)));
      const allMs = ((performance.now() - startedAtMs) * leases.length) / some.length;
      together ||= allMs > failoverMs * renewalPart;
    }
    return kept;
  }

  /**
   * Shards that were closed after the member had read them to the end: no further commit will
   * follow.
   */
  async #endShards({ assigned = [] }: Member, view: LeaseView): Promise<void> {
    for (const { topic, partition } of assigned) {
      const stream = await this.#settings.findStream(topic);
      const shard = stream?.shards[partition];
      if (stream === undefined || shard?.closed === undefined) continue;
      const lease = view.find(stream, partition);
      if (lease === undefined || !isDoneByGroup(lease, shard)) continue;
      await this.#settings.table.store(stream, shard, takenOver(shard.closed.endOffset), lease);
    }
  }

  /** A KCL worker holds the lease. */
  #lose(member: Member, place: string): void {
    if (!member.isShareable) return;
    member.revoking.delete(place);
    if (member.held.delete(place)) member.mustRejoin = true;
  }

  /** Moves one lease at a time from the side that has too many to the other. */
  async #balance(view: LeaseView, living: readonly Member[]): Promise<void> {
    const leases = view.leases.filter(
      ({ checkpoint }) => checkpoint.sequenceNumber !== 'SHARD_END',
    );
    const { tables, table } = this.#settings;
    const since = Math.floor(Date.now() / 1000) - workerSilentSecondsMax;
    const told = await tables.workers(table.name, since);
    const owners = new Set(leases.map(({ owner }) => owner ?? ''));
    const assigned = living.filter((member) => (member.assigned ?? []).length > 0);
    const idle = [
      ...this.#watch.workers.living(told, owners),
      ...assigned.map(({ owner }) => owner),
    ];
    const shareable = living.filter(
      ({ isShareable, isWaiting, mustRejoin }) => isShareable && !isWaiting && !mustRejoin,
    );
    const counts = this.#watch.counts(leases, idle);
    const plan = planSharing(leases.length, counts, shareable, told.size > 0);
    if (plan === undefined) return;
    const { workers, takers, giver } = plan;
    for (const member of takers) {
      for (const worker of workers) {
        if (await this.#steal(member, view, worker, told.has(worker))) return;
      }
    }
    const [given] = giver?.held ?? [];
    if (giver === undefined || given === undefined) return;
    giver.releasing.add(given);
    giver.mustRejoin = true;
  }

  /**
   * Takes one lease that Kafka has assigned to the member from a worker: at once, as KCL 2 does,
   * or, from a KCL 3 worker, after the worker's last checkpoint.
   */
  async #steal(
    member: Member,
    view: LeaseView,
    worker: string,
    isOfKcl3: boolean,
  ): Promise<boolean> {
    for (const partition of member.assigned ?? []) {
      const lease = await this.#leaseOf(view, partition);
      if (lease?.owner !== worker || lease.checkpointOwner !== undefined) continue;
      if (isOfKcl3) {
        if (await this.#handOver(lease, member.owner)) return true;
        continue;
      }
      if (!(await this.#takeOne(lease, member.owner))) continue;
      member.mustRejoin = true;
      return true;
    }
    return false;
  }
}

/** False if another owner was first. */
async function isDone(change: Promise<void>): Promise<boolean> {
  try {
    await change;
    return true;
  } catch (error) {
    if (isGatewayError(error, 'conflict')) return false;
    throw error;
  }
}
