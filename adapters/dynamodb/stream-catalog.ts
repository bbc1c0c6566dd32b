/**
 * The stream catalog in one DynamoDB table, through dynamoose; stream-rows.ts describes its rows.
 * Every change is one transaction (or one put, if one row changes) on the condition that the
 * stream's row is still the one that was read.
 */
import { randomBytes } from 'node:crypto';
import type { AnyItem } from 'dynamoose/dist/Item.js';
import type { ModelType } from 'dynamoose/dist/General.js';
import type { Stream, StreamSummary } from '../../src/domain/streams/stream.ts';
import { GatewayError, isGatewayError } from '../../src/domain/errors.ts';
import type { NameRange, StreamCatalog } from '../../src/ports/stream-catalog.ts';
import type { CreateTableInput, Database, TransactItem } from './database.ts';
import {
  changedShardRows,
  shardRowCount,
  shardRowKey,
  shardsScope,
  streamOf,
  streamRowOf,
  streamsScope,
  summaryOf,
  type ShardRow,
  type StreamRow,
} from './stream-rows.ts';

export const catalogTableDefault = 'kineska-streams';
/** A read that overlaps with a change is repeated, at most this often. */
const readAttemptsMax = 10;
const secretBytes = 32;
const secretKey = { scope: 'gateway', key: 'secret' };

type Row = AnyItem & StreamRow & ShardRow & { readonly secret: Buffer };

let modelCount = 0;

/** Sends nothing yet; the table is created on first use. */
export async function openStreamCatalog(
  database: Database,
  tableName = catalogTableDefault,
): Promise<StreamCatalog> {
  const { model, table } = defineTable(database, tableName);
  return new DynamoStreamCatalog(database, model, await table);
}

function defineTable(database: Database, tableName: string) {
  const { dynamoose, instance } = database;
  const tag = { type: Object, schema: { key: String, value: String } };
  const tags = { type: Array, schema: [tag] };
  const schema = new dynamoose.Schema({
    scope: { type: String, hashKey: true },
    key: { type: String, rangeKey: true },
    version: Number,
    logId: String,
    rules: String,
    status: String,
    mode: String,
    partitioner: String,
    createdAtMs: Number,
    retentionHours: Number,
    recordKiBMax: Number,
    tags,
    consumers: {
      type: Array,
      schema: [
        { type: Object, schema: { name: String, createdAtMs: Number, tags, policy: String } },
      ],
    },
    settings: String,
    updatingUntilMs: Number,
    resharding: String,
    openShardCount: Number,
    shardCount: Number,
    shardsVersion: Number,
    shards: String,
    secret: Buffer,
  });
  // dynamoose registers models by name, and binds a model of the same name to the first one's
  // table.
  modelCount += 1;
  const model = dynamoose.model<Row>(`${tableName}#${modelCount}`, schema);
  const table = new instance.Table(tableName, [model], {
    create: false,
    waitForActive: false,
    throughput: 'ON_DEMAND',
  });
  // dynamoose declares the result type of the other form of this call.
  const request = table.create({ return: 'request' }) as Promise<unknown>;
  return { model, table: request as Promise<CreateTableInput> };
}

class DynamoStreamCatalog implements StreamCatalog {
  readonly #database: Database;
  readonly #model: ModelType<Row>;
  readonly #table: CreateTableInput;
  #secret: Buffer | undefined;

  constructor(database: Database, model: ModelType<Row>, table: CreateTableInput) {
    this.#database = database;
    this.#model = model;
    this.#table = table;
  }

  async get(name: string, known?: Stream): Promise<Stream | undefined> {
    const rowKey = { scope: streamsScope, key: name };
    for (let attempt = 0; attempt < readAttemptsMax; attempt += 1) {
      if (known !== undefined && (await this.#isUnchanged(known))) return known;
      const reading = this.#call('GetItem', () => this.#model.get(rowKey, { consistent: true }));
      const [row, shardRows] = await Promise.all([reading, this.#shardRows(name)]);
      if (row === undefined) return undefined;
      const stream = readable(row, shardRows);
      if (stream !== undefined) return stream;
    }
    throw new GatewayError('unavailable', `the rows of stream ${name} keep changing`);
  }

  /** Called twice a second for every stream in use, so it reads as little as possible. */
  async #isUnchanged({ name, version, createdAtMs }: Stream): Promise<boolean> {
    const { Item: item } = await this.#call('GetItem', () =>
      this.#database.client.getItem({
        TableName: String(this.#table?.TableName),
        Key: { scope: { S: streamsScope }, key: { S: name } },
        ConsistentRead: true,
        ProjectionExpression: 'version, createdAtMs',
      }),
    );
    return (
      item?.['version']?.N === String(version) && item['createdAtMs']?.N === String(createdAtMs)
    );
  }

  /** Without dynamoose's items, which cost a third of a millisecond each. */
  async list(range?: NameRange): Promise<readonly StreamSummary[]> {
    const countMax = range?.countMax ?? Infinity;
    const isBehind = range !== undefined && range.after !== '';
    const summaries: StreamSummary[] = [];
    let from: Record<string, never> | undefined;
    do {
      const page = await this.#call('Query', () =>
        this.#database.client.query({
          TableName: String(this.#table?.TableName),
          ConsistentRead: true,
          KeyConditionExpression: `#scope = :streams${isBehind ? ' AND #key > :after' : ''}`,
          ...(range === undefined ? {} : { Limit: countMax - summaries.length }),
          ProjectionExpression: listedAttributes.map((each) => `#${each}`).join(),
          ExpressionAttributeNames: attributeNames,
          ExpressionAttributeValues: {
            ':streams': { S: streamsScope },
            ...(isBehind ? { ':after': { S: range.after } } : {}),
          },
          ...(from === undefined ? {} : { ExclusiveStartKey: from }),
        }),
      );
      const { unmarshall } = this.#database.instance.aws.converter();
      for (const item of page.Items ?? []) summaries.push(summaryOf(unmarshall(item) as StreamRow));
      from = page.LastEvaluatedKey as Record<string, never> | undefined;
    } while (from !== undefined && summaries.length < countMax);
    return summaries;
  }

  async create(stream: Stream): Promise<void> {
    const shardRows = changedShardRows(undefined, stream);
    await this.#write([
      this.#model.transaction.create(streamRowOf(stream)),
      ...shardRows.map((row) => this.#put(row)),
    ]);
  }

  async replace(before: Stream, after: Stream): Promise<void> {
    const shardRows = changedShardRows(before, after);
    const surplus = shardRowCount(before.shards.length) - shardRowCount(after.shards.length);
    const { scope, key, shardCount, shardsVersion, ...changed } = streamRowOf(after);
    await this.#write([
      this.#update(
        { scope, key },
        shardRows.length > 0 ? { ...changed, shardCount, shardsVersion } : changed,
        before,
      ),
      ...shardRows.map((row) => this.#put(row)),
      ...this.#deletions(before, surplus),
    ]);
  }

  async remove(stream: Stream): Promise<void> {
    const key = { scope: streamsScope, key: stream.name };
    await this.#write([
      this.#model.transaction.delete(key, { condition: this.#unchanged(stream) }),
      ...this.#deletions(stream),
    ]);
  }

  async secret(): Promise<Buffer> {
    for (let attempt = 0; this.#secret === undefined; attempt += 1) {
      const row = await this.#call('GetItem', () =>
        this.#model.get(secretKey, { consistent: true }),
      );
      this.#secret = row === undefined ? undefined : Buffer.from(row.secret);
      if (this.#secret !== undefined) break;
      const made = { ...secretKey, secret: randomBytes(secretBytes) };
      try {
        await this.#write([this.#model.transaction.create(made)]);
      } catch (error) {
        // Another gateway was first: its secret is used.
        if (!isGatewayError(error, 'conflict') || attempt >= readAttemptsMax) throw error;
      }
    }
    return this.#secret;
  }

  async #shardRows(name: string): Promise<readonly ShardRow[]> {
    return this.#call('Query', () =>
      this.#model.query('scope').eq(shardsScope(name)).consistent().all().exec(),
    );
  }

  #put(row: ShardRow): Promise<TransactItem> {
    return this.#model.transaction.create(row, { overwrite: true });
  }

  #update(key: object, changed: object, before: Stream): Promise<TransactItem> {
    const condition = this.#unchanged(before);
    const update = this.#model.transaction.update(key, changed, { condition });
    // dynamoose's type does not show that an update with attributes has an expression.
    return update as Promise<TransactItem>;
  }

  /** The last `count` rows with the stream's shards; all of them if no count is given. */
  #deletions(stream: Stream, count = Infinity): Promise<TransactItem>[] {
    const rows = shardRowCount(stream.shards.length);
    const deletions: Promise<TransactItem>[] = [];
    for (let index = Math.max(rows - count, 0); index < rows; index += 1) {
      const key = { scope: shardsScope(stream.name), key: shardRowKey(index) };
      deletions.push(this.#model.transaction.delete(key));
    }
    return deletions;
  }

  /** A condition: the stream's row is still the one that was read. */
  #unchanged(stream: Stream) {
    return new this.#database.dynamoose.Condition()
      .where('version')
      .eq(stream.version)
      .and()
      .where('createdAtMs')
      .eq(stream.createdAtMs);
  }

  /** Writes all rows or none. */
  async #write(items: readonly Promise<TransactItem>[]): Promise<void> {
    const { client } = this.#database;
    const [first, ...others] = await Promise.all(items);
    if (first === undefined) return;
    if (others.length > 0) {
      await this.#call('TransactWriteItems', () =>
        client.transactWriteItems({ TransactItems: [first, ...others] }),
      );
      return;
    }
    const { Put: put, Update: update, Delete: deletion } = first;
    if (put !== undefined) await this.#call('PutItem', () => client.putItem(put));
    if (update !== undefined) await this.#call('UpdateItem', () => client.updateItem(update));
    if (deletion !== undefined) await this.#call('DeleteItem', () => client.deleteItem(deletion));
  }

  #call<T>(operation: string, work: () => Promise<T>): Promise<T> {
    return this.#database.call(operation, this.#table, work);
  }
}

/** As streamOf. Errors: `internal` if the rows contain something that no gateway has written. */
function readable(row: StreamRow, shardRows: readonly ShardRow[]): Stream | undefined {
  try {
    return streamOf(row, shardRows);
  } catch (cause) {
    throw new GatewayError('internal', `the rows of stream ${row.key} cannot be read`, { cause });
  }
}

const listedAttributes = [
  'key',
  'logId',
  'rules',
  'status',
  'mode',
  'createdAtMs',
  'version',
  'updatingUntilMs',
  'openShardCount',
] as const;
const attributeNames = Object.fromEntries(
  ['scope', ...listedAttributes].map((each) => [`#${each}`, each]),
);
