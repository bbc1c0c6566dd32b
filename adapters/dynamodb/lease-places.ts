/**
 * Where lease tables are stored. A table has its own name in DynamoDB, with one exception: DynamoDB
 * Local cannot have two tables whose names differ only in case, so there the second gets its
 * alternative name (caseSafeNameOf). The existing tables decide which of the two it is, so every
 * gateway finds the same place, whenever it starts.
 */
import { LRUCache } from 'lru-cache';
import {
  caseSafeNameOf,
  differInCaseOnly,
  tableOfCaseSafeName,
} from '../../src/domain/leases/lease-table-names.ts';
import { GatewayError } from '../../src/domain/errors.ts';
import { type CreateTableInput, type Database, isDenied } from './database.ts';

export const keyAttribute = 'leaseKey';
/** The number of tables whose places are known and whose layouts were checked. */
const knownTablesMax = 10_000;
const describedAtOnce = 8;

export class LeasePlaces {
  readonly #database: Database;
  /** Places of tables that were found. */
  readonly #known = new LRUCache<string, string>({ max: knownTablesMax });

  constructor(database: Database) {
    this.#database = database;
  }

  /** All lease tables, by their own names. */
  async list(): Promise<readonly string[]> {
    const names = await this.#allNames();
    const found = new Set<string>();
    for (let at = 0; at < names.length; at += describedAtOnce) {
      const some = names.slice(at, at + describedAtOnce);
      const areLeases = await Promise.all(some.map((name) => this.#isOfLeases(name)));
      for (const [index, name] of some.entries()) {
        if (areLeases[index]) found.add(tableOfCaseSafeName(name) ?? name);
      }
    }
    return [...found];
  }

  /**
   * Undefined if there is no such table. Errors: `in-use` if the table belongs to something else.
   */
  async find(table: string): Promise<string | undefined> {
    const known = this.#known.get(table);
    if (known !== undefined) return known;
    for (const place of [table, caseSafeNameOf(table)]) {
      const layout = await this.#layoutOf(place);
      if (layout === 'other') {
        throw new GatewayError('in-use', `the table ${place} exists and is not a lease table`);
      }
      if (layout === 'leases') {
        this.#known.set(table, place);
        return place;
      }
    }
    return undefined;
  }

  /**
   * As find, but also finds a table of its own name that a KCL application has created meanwhile.
   */
  findNow(table: string): Promise<string | undefined> {
    if (this.#known.get(table) !== table) this.#known.delete(table);
    return this.find(table);
  }

  /** As find, but returns its own name if the table does not exist. */
  async placeOf(table: string): Promise<string> {
    return this.#known.get(table) ?? (await this.find(table)) ?? table;
  }

  /** Creates the table with this layout if it does not exist. Errors: as find; `unavailable`. */
  async make(table: string, layout: CreateTableInput): Promise<void> {
    if ((await this.find(table)) !== undefined) return;
    const makeAt = (name: string) =>
      this.#database.makeTable({ ...layout, TableName: name } as CreateTableInput);
    try {
      await makeAt(table);
    } catch (error) {
      const names = await this.#allNames().catch(() => []);
      if (!names.some((name) => differInCaseOnly(name, table))) throw error;
      await makeAt(caseSafeNameOf(table));
    }
    if ((await this.find(table)) === undefined) {
      throw new GatewayError('unavailable', `the table ${table} was deleted while it was made`);
    }
  }

  forget(table: string): void {
    this.#known.delete(table);
  }

  /** Records that the table at this place is gone. */
  forgetPlace(place: string): void {
    for (const [table, known] of this.#known) if (known === place) this.#known.delete(table);
  }

  /** The key attributes of the table at a place, joined; undefined if there is no table. */
  async keyOf(place: string): Promise<string | undefined> {
    const described = await this.#database.callExisting('DescribeTable', () =>
      this.#database.client.describeTable({ TableName: place }),
    );
    const { TableStatus: status, KeySchema: keys = [] } = described?.Table ?? {};
    // A table that is being created counts as missing: callers that need it wait for it.
    if (status === undefined || status === 'CREATING' || status === 'DELETING') return undefined;
    return keys.map(({ AttributeName: attribute }) => attribute).join();
  }

  async #allNames(): Promise<readonly string[]> {
    const names: string[] = [];
    let from: string | undefined;
    do {
      const after = from === undefined ? {} : { ExclusiveStartTableName: from };
      const page = await this.#database.callExisting('ListTables', () =>
        this.#database.client.listTables(after),
      );
      names.push(...(page?.TableNames ?? []));
      from = page?.LastEvaluatedTableName;
    } while (from !== undefined);
    return names;
  }

  /** Tables that the gateway may not describe are not lease tables of its groups. */
  async #isOfLeases(name: string): Promise<boolean> {
    const table = tableOfCaseSafeName(name) ?? name;
    if (this.#known.get(table) === name) return true;
    try {
      if ((await this.#layoutOf(name)) !== 'leases') return false;
    } catch (error) {
      if (isDenied(error)) return false;
      throw error;
    }
    if (table === name) this.#known.set(table, name);
    return true;
  }

  async #layoutOf(place: string): Promise<'leases' | 'other' | 'none'> {
    const key = await this.keyOf(place);
    if (key === undefined) return 'none';
    return key === keyAttribute ? 'leases' : 'other';
  }
}
