/**
 * Reports on groups: the owner, position and lag of each shard. Read-only: a report changes nothing
 * about the group.
 */
import {
  groupFilter,
  groupOfLeaseTable,
  leaseTableOf,
} from '../domain/leases/lease-table-names.ts';
import { believed, type Lease, noOffset } from '../domain/leases/leases.ts';
import { isMember } from '../domain/leases/lease-owners.ts';
import { LeaseView } from '../domain/leases/lease-view.ts';
import { type Offset, type Shard, shardIdOf, type Stream } from '../domain/streams/stream.ts';
import { isGatewayError } from '../domain/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { GroupCoordinator, GroupMember } from '../ports/group-coordinator.ts';
import type {
  GroupReport,
  GroupReporting,
  GroupSummary,
  ShardReport,
} from '../ports/group-reports.ts';
import type { LeaseReader } from '../ports/lease-tables.ts';
import type { RecordLog } from '../ports/record-log.ts';
import type { StreamDirectory } from '../streams/directory.ts';
import { atOnce } from '../runtime/at-once.ts';
import { resumePosition } from './lease-position.ts';

const groupsAtOnce = 4;
const shardsAtOnce = 16;
const recordBytesMax = 16 * 1024 * 1024;

export type GroupReportsSettings = {
  readonly tables: Pick<LeaseReader, 'list' | 'nameOf' | 'read'>;
  readonly coordinator: GroupCoordinator;
  readonly streams: Pick<StreamDirectory, 'find' | 'list'>;
  readonly log: RecordLog;
  readonly clock: Clock;
  readonly catalogTable: string;
  /** Which groups have tables: see groupFilter. */
  readonly groups: string;
};

type Known = {
  readonly view: LeaseView;
  readonly committed: Offset | undefined;
  /** The member to which the group's coordinator has assigned the partition. */
  readonly member: string | undefined;
};

export class GroupReports implements GroupReporting {
  readonly #settings: GroupReportsSettings;
  readonly #hasTable: (groupId: string) => boolean;

  constructor(settings: GroupReportsSettings) {
    this.#settings = settings;
    this.#hasTable = groupFilter(settings.groups);
  }

  /** Ids of all groups of both sides, sorted. Errors: `unavailable`. */
  async ids(): Promise<readonly string[]> {
    const { tables, coordinator, catalogTable } = this.#settings;
    const [names, ids] = await Promise.all([tables.list(), coordinator.list()]);
    const ofTables = names
      .map((name) => groupOfLeaseTable(name, catalogTable))
      .filter((groupId) => groupId !== undefined);
    return [...new Set([...ofTables, ...ids])].toSorted();
  }

  /**
   * At most `groupsMax` groups; one that cannot be read has an error instead. Errors:
   * `unavailable`.
   */
  async list(groupsMax: number): Promise<readonly GroupSummary[]> {
    const ids = (await this.ids()).slice(0, groupsMax);
    const summaries = new Map<string, GroupSummary>();
    await atOnce(groupsAtOnce, ids, async (groupId) => {
      try {
        const report = await this.show(groupId);
        if (report !== undefined) summaries.set(groupId, summaryOf(report));
      } catch (error) {
        summaries.set(groupId, unreadable(groupId, error));
      }
    });
    return ids.flatMap((groupId) => summaries.get(groupId) ?? []);
  }

  /** Undefined if neither side knows the group. Errors: `unavailable`. */
  async show(groupId: string): Promise<GroupReport | undefined> {
    const { coordinator, catalogTable } = this.#settings;
    const table = leaseTableOf(groupId, catalogTable);
    const [leases, { offsets }, members] = await Promise.all([
      this.#hasTable(groupId) ? this.#leases(table) : undefined,
      coordinator.committed(groupId),
      coordinator.members(groupId),
    ]);
    if (leases === undefined && offsets.length === 0 && members.length === 0) return undefined;
    const committed = new Map(
      offsets.map(({ topic, partition, offset }) => [placeOf(topic, partition), offset]),
    );
    const view = new LeaseView(leases ?? []);
    const held = members.flatMap(({ partitions }) => partitions);
    const topics = [...offsets, ...held].map(({ topic }) => topic);
    const streams = await this.#streams(view, new Set(topics));
    view.claim(streams);
    const owners = ownersOf(members);
    const shards: (ShardReport | undefined)[] = [];
    const wanted = streams.flatMap((stream) => stream.shards.map((shard) => ({ stream, shard })));
    const indexes = wanted.map((_, index) => index);
    await atOnce(shardsAtOnce, indexes, async (index) => {
      const where = wanted[index]!;
      const place = placeOf(where.stream.name, where.shard.index);
      const known = { view, committed: committed.get(place), member: owners.get(place) };
      shards[index] = await this.#shard(where.stream, where.shard, known);
    });
    const told = shards.filter((shard) => shard !== undefined);
    const name = leases === undefined ? null : await this.#settings.tables.nameOf(table);
    return { group: groupId, table: name, shards: told };
  }

  async #shard(
    stream: Stream,
    shard: Shard,
    { view, committed, member }: Known,
  ): Promise<ShardReport | undefined> {
    const lease = view.find(stream, shard.index);
    if (lease === undefined && committed === undefined && member === undefined) return undefined;
    const offset = await this.#offset(stream, shard, lease, committed);
    const where = { log: stream.name, partition: shard.index };
    const endOffset = shard.closed?.endOffset ?? (await this.#settings.log.endOffset(where));
    const isOpen = offset >= 0n && offset < endOffset;
    const lagMs = isOpen ? await this.#ageAt(where, offset) : 0;
    const ownedByKcl = lease?.owner !== undefined && !isMember(lease.owner);
    const owner = ownedByKcl ? lease.owner : member;
    return {
      stream: stream.name,
      shardId: shardIdOf(shard.index),
      partition: shard.index,
      owner: owner ?? null,
      side: owner === undefined ? null : ownedByKcl ? 'kcl' : 'kafka',
      checkpoint: lease?.checkpoint.sequenceNumber ?? null,
      offset: offset < 0n ? null : Number(offset),
      endOffset: Number(endOffset),
      lagRecords: offset < 0n ? null : Number(isOpen ? endOffset - offset : 0n),
      lagMs: offset < 0n ? null : lagMs,
    };
  }

  async #offset(
    stream: Stream,
    shard: Shard,
    lease: Lease | undefined,
    committed: Offset | undefined,
  ): Promise<Offset> {
    if (lease === undefined) return committed ?? noOffset;
    const whose = believed(lease, committed);
    if (whose === 'seen') return lease.seen!.position;
    if (whose === 'coordinator') return committed ?? noOffset;
    return resumePosition(this.#settings.log, stream, shard, lease.checkpoint);
  }

  async #ageAt(
    where: { readonly log: string; readonly partition: number },
    offset: Offset,
  ): Promise<number> {
    const { log, clock } = this.#settings;
    const limits = { recordsMax: 1, bytesMax: recordBytesMax, waitMsMax: 0 };
    const { records, release } = await log.read(where, offset, limits);
    const timestampMs = records[0]?.timestampMs;
    release?.();
    return timestampMs === undefined ? 0 : Math.max(0, clock.nowMs() - timestampMs);
  }

  /** Undefined if there is no table, or the table belongs to something else. */
  async #leases(table: string): Promise<readonly Lease[] | undefined> {
    try {
      return await this.#settings.tables.read(table);
    } catch (error) {
      if (isGatewayError(error, 'in-use')) return undefined;
      throw error;
    }
  }

  /** Streams that the group reads, sorted by name. */
  async #streams(view: LeaseView, topics: Set<string>): Promise<readonly Stream[]> {
    for (const name of view.streamsByName.keys()) topics.add(name);
    if (view.oneStream !== undefined) topics.add(view.oneStream.name);
    const seconds = new Set(view.oneStream === undefined ? view.creationSeconds : []);
    if (seconds.size > 0 && !view.isOfSeveralStreams) {
      for (const { name, createdAtMs } of await this.#settings.streams.list()) {
        if (seconds.has(Math.floor(createdAtMs / 1000))) topics.add(name);
      }
    }
    const found: Stream[] = [];
    await atOnce(groupsAtOnce, [...topics].toSorted(), async (topic) => {
      try {
        found.push(await this.#settings.streams.find(topic));
      } catch (error) {
        if (!isGatewayError(error, 'not-found')) throw error;
      }
    });
    return found.toSorted((one, other) => (one.name < other.name ? -1 : 1));
  }
}

function ownersOf(members: readonly GroupMember[]): ReadonlyMap<string, string> {
  const owners = new Map<string, string>();
  for (const { memberId, partitions } of members) {
    for (const { topic, partition } of partitions) owners.set(placeOf(topic, partition), memberId);
  }
  return owners;
}

function summaryOf({ group, table, shards }: GroupReport): GroupSummary {
  return {
    group,
    table,
    streams: [...new Set(shards.map(({ stream }) => stream))],
    shards: shards.length,
    ownedByKcl: shards.filter(({ side }) => side === 'kcl').length,
    ownedByKafka: shards.filter(({ side }) => side === 'kafka').length,
    lagRecords: shards.reduce((sum, { lagRecords }) => sum + (lagRecords ?? 0), 0),
    lagMs: Math.max(0, ...shards.map(({ lagMs }) => lagMs ?? 0)),
  };
}

function unreadable(group: string, error: unknown): GroupSummary {
  const problem = error instanceof Error ? error.message : String(error);
  const none = { shards: 0, ownedByKcl: 0, ownedByKafka: 0, lagRecords: 0, lagMs: 0 };
  return { group, table: null, streams: [], ...none, problem };
}

function placeOf(topic: string, partition: number): string {
  return `${topic} ${partition}`;
}
