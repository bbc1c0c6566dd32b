/**
 * The QueueRows port: one table for the records of all queues; queue-record-rows.ts describes its
 * rows. The table is made when the first row is added. Reads are consistent.
 *
 * Expired rows count as gone everywhere. DynamoDB deletes them within days, so those that a query
 * finds are deleted on the way: they stand at the head of the index, and every query would read
 * them again.
 */
import { GatewayError, isGatewayError } from '../../src/domain/errors.ts';
import { queueRowsTableOf } from '../../src/domain/queues/queue-table-name.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type {
  CountRange,
  QueueRow,
  QueueRows,
  RecordPlace,
  RowChange,
  RowCounts,
  RowState,
} from '../../src/ports/queue-rows.ts';
import { atOnce } from '../../src/runtime/at-once.ts';
import { type CreateTableInput, type Database, isDenied } from './database.ts';
import {
  backOff,
  type IndependentWrite,
  pagesOf,
  type StoredRow,
  writeEach,
} from './independent-writes.ts';
import {
  additionOf,
  byDueAt,
  changeOf,
  dueAtOf,
  isExpired,
  keyOf,
  placeOf,
  placePrefixOf,
  queueRowsTable,
  removalOf,
  rowIn,
  timeToLiveAttribute,
} from './queue-record-rows.ts';
import { catalogTableDefault } from './stream-catalog.ts';

/** DynamoDB's limits. */
const rowsInReadMax = 100;
const rowsInDeletionMax = 25;
const readsAtOnce = 4;
const deletionsAtOnce = 2;
/** Of a batch of which DynamoDB leaves keys unprocessed. */
const batchAttemptsMax = 12;
const clearedAtOnce = 100;
/** Expired rows that one query deletes: at most so many pages of so many. */
const sweptPagesMax = 4;
const sweptAtOnce = 25;
const endOfTime = Number.MAX_SAFE_INTEGER;

type Key = StoredRow | undefined;
type Range = { readonly state: RowState; readonly fromMs: number; readonly untilMs: number };

/** Sends nothing yet. */
export function openQueueRows(
  database: Database,
  clock: Clock,
  catalogTable = catalogTableDefault,
): QueueRows {
  return new DynamoQueueRows(database, clock, queueRowsTableOf(catalogTable));
}

class DynamoQueueRows implements QueueRows {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #name: string;
  readonly #table: CreateTableInput;
  #prepared: Promise<void> | undefined;

  constructor(database: Database, clock: Clock, name: string) {
    this.#database = database;
    this.#clock = clock;
    this.#name = name;
    this.#table = queueRowsTable(name);
  }

  async add(queueId: string, rows: readonly QueueRow[]): Promise<readonly boolean[]> {
    const nowMs = this.#clock.nowMs();
    const additions = rows.map((row) => additionOf(this.#name, queueId, row, nowMs));
    await this.#prepare();
    const made = await this.#write(additions);
    if (made !== undefined) return made;
    // The table was deleted meanwhile, or another gateway is still making it.
    await this.#database.makeTable(this.#table);
    this.#prepared = undefined;
    await this.#prepare();
    const madeNow = await this.#write(additions);
    if (madeNow !== undefined) return madeNow;
    throw new GatewayError('unavailable', `the table ${this.#name} was deleted while in use`);
  }

  async change(queueId: string, changes: readonly RowChange[]): Promise<readonly boolean[]> {
    const nowMs = this.#clock.nowMs();
    const writes = changes.map((change) => changeOf(this.#name, queueId, change, nowMs));
    return (await this.#write(writes)) ?? changes.map(() => false);
  }

  async get(
    queueId: string,
    places: readonly RecordPlace[],
  ): Promise<readonly (QueueRow | undefined)[]> {
    const nowMs = this.#clock.nowMs();
    const keys = new Map(places.map((place) => [placeOf(place), keyOf(queueId, place)]));
    const found = new Map<string, QueueRow>();
    await atOnce(readsAtOnce, pagesOf(rowsInReadMax, [...keys.values()]), async (some) => {
      for (const stored of await this.#read(some)) {
        const row = rowIn(stored);
        if (!isExpired(row, nowMs)) found.set(placeOf(row), row);
      }
    });
    return places.map((place) => found.get(placeOf(place)));
  }

  async due(
    queueId: string,
    state: RowState,
    { nowMs, countMax }: { readonly nowMs: number; readonly countMax: number },
  ): Promise<readonly QueueRow[]> {
    const range = { state, fromMs: 0, untilMs: nowMs };
    return (await this.#first(queueId, range, nowMs, countMax)).rows;
  }

  async nextDueMs(queueId: string, state: RowState): Promise<number | undefined> {
    const nowMs = this.#clock.nowMs();
    const range = { state, fromMs: 0, untilMs: endOfTime };
    const { rows, isComplete } = await this.#first(queueId, range, nowMs, 1);
    // There is something to do now: expired rows that are left to delete.
    return rows[0]?.visibleAtMs ?? (isComplete ? undefined : nowMs);
  }

  async counts(queueId: string, { nowMs, countMax, shard }: CountRange): Promise<RowCounts> {
    if (shard !== undefined) return this.#countsOf(queueId, shard, nowMs, countMax);
    const countOf = async (state: RowState) => {
      const [visible, inFlight] = await Promise.all([
        this.#count(queueId, { state, fromMs: 0, untilMs: nowMs }, nowMs, countMax),
        this.#count(queueId, { state, fromMs: nowMs + 1, untilMs: endOfTime }, nowMs, countMax),
      ]);
      return { visible, inFlight };
    };
    const [live, dead] = await Promise.all([countOf('live'), countOf('dead')]);
    return { live, dead };
  }

  async #countsOf(
    queueId: string,
    shard: number,
    nowMs: number,
    countMax: number,
  ): Promise<RowCounts> {
    const counts = { live: { visible: 0, inFlight: 0 }, dead: { visible: 0, inFlight: 0 } };
    let read = 0;
    let from: Key;
    do {
      const page = await this.#database.callExisting('Query', () =>
        this.#database.client.query({
          TableName: this.#name,
          ConsistentRead: true,
          KeyConditionExpression: 'queueId = :queue AND begins_with(place, :shard)',
          ExpressionAttributeValues: {
            ':queue': { S: queueId },
            ':shard': { S: placePrefixOf(shard) },
          },
          Limit: countMax - read,
          ...startingAt(from),
        }),
      );
      for (const stored of page?.Items ?? []) {
        const row = rowIn(stored);
        read += 1;
        if (row.state === 'done' || isExpired(row, nowMs)) continue;
        counts[row.state][row.visibleAtMs <= nowMs ? 'visible' : 'inFlight'] += 1;
      }
      from = page?.LastEvaluatedKey;
    } while (from !== undefined && read < countMax);
    return counts;
  }

  async clear(queueId: string): Promise<void> {
    let from: Key;
    do {
      const page = await this.#database.callExisting('Query', () =>
        this.#database.client.query({
          TableName: this.#name,
          ConsistentRead: true,
          KeyConditionExpression: 'queueId = :queue',
          ExpressionAttributeValues: { ':queue': { S: queueId } },
          ProjectionExpression: 'queueId, place',
          Limit: clearedAtOnce,
          ...startingAt(from),
        }),
      );
      const keys = page?.Items ?? [];
      await atOnce(deletionsAtOnce, pagesOf(rowsInDeletionMax, keys), (some) => this.#delete(some));
      from = page?.LastEvaluatedKey;
    } while (from !== undefined);
  }

  /** Undefined if there is no table. */
  async #write(writes: readonly IndependentWrite[]): Promise<readonly boolean[] | undefined> {
    const send = async <T>(operation: string, work: () => Promise<T>): Promise<T> => {
      const done = await this.#database.callExisting(operation, work);
      if (done === undefined) throw new GatewayError('not-found', `no table ${this.#name}`);
      return done;
    };
    try {
      return await writeEach(this.#database.client, send, writes);
    } catch (error) {
      if (isGatewayError(error, 'not-found')) return undefined;
      throw error;
    }
  }

  /**
   * The first rows of a range; not complete if there may be more behind expired ones that were
   * deleted on the way.
   */
  async #first(queueId: string, range: Range, nowMs: number, countMax: number) {
    const rows: QueueRow[] = [];
    let from: Key;
    let sweptPages = 0;
    while (rows.length < countMax) {
      const wanted = countMax - rows.length;
      const limit = sweptPages === 0 ? wanted : Math.max(wanted, sweptAtOnce);
      const page = await this.#query(queueId, range, { Limit: limit, ...startingAt(from) });
      const found = (page?.Items ?? []).map(rowIn);
      const expired = found.filter((row) => isExpired(row, nowMs));
      rows.push(...found.filter((row) => !isExpired(row, nowMs)).slice(0, wanted));
      if (expired.length > 0) {
        await this.#remove(queueId, expired, nowMs);
        sweptPages += 1;
      }
      from = page?.LastEvaluatedKey;
      if (from === undefined) break;
      if (sweptPages >= sweptPagesMax) return { rows, isComplete: false };
    }
    return { rows, isComplete: true };
  }

  async #remove(queueId: string, expired: readonly QueueRow[], nowMs: number): Promise<void> {
    try {
      await this.#write(expired.map((row) => removalOf(this.#name, queueId, row, nowMs)));
    } catch (error) {
      // They count as gone in any case, and the next query tries again.
      if (!isGatewayError(error, 'unavailable')) throw error;
    }
  }

  async #count(queueId: string, range: Range, nowMs: number, countMax: number): Promise<number> {
    let count = 0;
    let from: Key;
    do {
      const page = await this.#query(
        queueId,
        range,
        {
          Select: 'COUNT',
          FilterExpression: 'expiresAtMs > :now',
          Limit: countMax - count,
          ...startingAt(from),
        },
        { ':now': { N: String(nowMs) } },
      );
      count += page?.Count ?? 0;
      from = page?.LastEvaluatedKey;
    } while (from !== undefined && count < countMax);
    return count;
  }

  /** In the order of their time. */
  #query(queueId: string, range: Range, options: object, values: StoredRow = {}) {
    return this.#database.callExisting('Query', () =>
      this.#database.client.query({
        TableName: this.#name,
        IndexName: byDueAt,
        ConsistentRead: true,
        KeyConditionExpression: 'queueId = :queue AND dueAt BETWEEN :from AND :until',
        ExpressionAttributeValues: {
          ':queue': { S: queueId },
          ':from': { S: dueAtOf(range.state, range.fromMs) },
          ':until': { S: dueAtOf(range.state, range.untilMs) },
          ...values,
        },
        ...options,
      }),
    );
  }

  async #read(keys: readonly StoredRow[]): Promise<readonly StoredRow[]> {
    const rows: StoredRow[] = [];
    await this.#untilProcessed('BatchGetItem', keys, async (left) => {
      const answer = await this.#database.callExisting('BatchGetItem', () =>
        this.#database.client.batchGetItem({
          RequestItems: { [this.#name]: { Keys: [...left], ConsistentRead: true } },
        }),
      );
      rows.push(...(answer?.Responses?.[this.#name] ?? []));
      return answer?.UnprocessedKeys?.[this.#name]?.Keys;
    });
    return rows;
  }

  #delete(keys: readonly StoredRow[]): Promise<void> {
    return this.#untilProcessed('BatchWriteItem', keys, async (left) => {
      const requests = left.map((key) => ({ DeleteRequest: { Key: key } }));
      const answer = await this.#database.callExisting('BatchWriteItem', () =>
        this.#database.client.batchWriteItem({ RequestItems: { [this.#name]: requests } }),
      );
      return answer?.UnprocessedItems?.[this.#name]?.flatMap(({ DeleteRequest: request }) =>
        request?.Key === undefined ? [] : [request.Key],
      );
    });
  }

  /** Sends a batch again with the keys that DynamoDB left unprocessed. */
  async #untilProcessed(
    operation: string,
    keys: readonly StoredRow[],
    send: (left: readonly StoredRow[]) => Promise<readonly StoredRow[] | undefined>,
  ): Promise<void> {
    let left = keys;
    for (let attempt = 0; attempt < batchAttemptsMax; attempt += 1) {
      if (left.length === 0) return;
      if (attempt > 0) await backOff(attempt);
      left = (await send(left)) ?? [];
    }
    if (left.length === 0) return;
    throw new GatewayError('unavailable', `DynamoDB ${operation} left rows unprocessed`);
  }

  /** Once per process: ensures that there is a table, of which DynamoDB deletes expired rows. */
  #prepare(): Promise<void> {
    this.#prepared ??= this.#makeReady().catch((error: unknown) => {
      this.#prepared = undefined;
      throw error;
    });
    return this.#prepared;
  }

  async #makeReady(): Promise<void> {
    const expires = await this.#expires();
    if (expires === undefined) await this.#database.makeTable(this.#table);
    if (expires === true) return;
    try {
      await this.#database.callExisting('UpdateTimeToLive', () =>
        this.#database.client.updateTimeToLive({
          TableName: this.#name,
          TimeToLiveSpecification: { AttributeName: timeToLiveAttribute, Enabled: true },
        }),
      );
    } catch {
      // Another gateway was first, or this one may not: expired rows only take space.
    }
  }

  /** Whether DynamoDB deletes expired rows; undefined if there is no table. */
  async #expires(): Promise<boolean | undefined> {
    try {
      const answer = await this.#database.callExisting('DescribeTimeToLive', () =>
        this.#database.client.describeTimeToLive({ TableName: this.#name }),
      );
      const status = answer?.TimeToLiveDescription?.TimeToLiveStatus;
      return answer === undefined ? undefined : status === 'ENABLED' || status === 'ENABLING';
    } catch (error) {
      if (isDenied(error)) return undefined;
      throw error;
    }
  }
}

function startingAt(key: Key) {
  return key === undefined ? {} : { ExclusiveStartKey: { ...key } };
}
