/** The lease tables of groups, by their ids, and which groups have one. */
import { LRUCache } from 'lru-cache';
import { isGatewayError } from '../domain/errors.ts';
import { groupFilter, leaseTableOf } from '../domain/leases/lease-table-names.ts';
import type { Stream } from '../domain/streams/stream.ts';
import type { GroupCoordinator } from '../ports/group-coordinator.ts';
import type { LeaseCheckpoints, LeaseMaker, LeaseReader } from '../ports/lease-tables.ts';
import type { StreamDirectory } from '../streams/directory.ts';
import { GroupTable } from './group-table.ts';

const tablesKept = 2_000;

export type GroupTablesSettings = {
  readonly tables: LeaseCheckpoints & LeaseMaker & Pick<LeaseReader, 'read'>;
  readonly coordinator: GroupCoordinator;
  readonly streams: Pick<StreamDirectory, 'find' | 'findNow'>;
  readonly account: string;
  /** The table that no group may use. */
  readonly catalogTable: string;
  /** Which groups have tables: see groupFilter. */
  readonly groups: string;
};

export class GroupTables {
  readonly #settings: GroupTablesSettings;
  readonly #hasTable: (groupId: string) => boolean;
  /** The known state of unused tables is dropped after this time, and read again on next use. */
  readonly #tables = new LRUCache<string, GroupTable>({ max: tablesKept });

  constructor(settings: GroupTablesSettings) {
    this.#settings = settings;
    this.#hasTable = groupFilter(settings.groups);
  }

  /** Whether the setting gives the group a table. */
  hasTable(groupId: string): boolean {
    return this.#hasTable(groupId);
  }

  table(groupId: string): GroupTable {
    const known = this.#tables.get(groupId);
    if (known !== undefined) return known;
    const { tables, coordinator, account, catalogTable } = this.#settings;
    const made = new GroupTable({
      groupId,
      table: leaseTableOf(groupId, catalogTable),
      tables,
      coordinator,
      account,
      findStream: (topic) => this.findStream(topic),
    });
    this.#tables.set(groupId, made);
    return made;
  }

  /** Undefined if the topic is not a stream. Errors: `unavailable`. */
  async findStream(topic: string, when?: 'now'): Promise<Stream | undefined> {
    const { streams } = this.#settings;
    try {
      const stream = await (when === 'now' ? streams.findNow(topic) : streams.find(topic));
      // Its leases are being deleted and must not be created again.
      return stream.status === 'DELETING' ? undefined : stream;
    } catch (error) {
      if (isGatewayError(error, 'not-found')) return undefined;
      throw error;
    }
  }
}
