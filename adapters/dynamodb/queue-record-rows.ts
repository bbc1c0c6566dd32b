/**
 * Converts the state of a queue's record to a row of the table of all queues and back. Pure.
 *
 * | attribute           | type | holds                                                       |
 * |---------------------|------|-------------------------------------------------------------|
 * | `queueId`           | S    | hash key: the queue                                         |
 * | `place`             | S    | range key: `0000000003#0000000000000000042` (shard, offset) |
 * | `dueAt`             | S    | range key of the index: `live#0001795881056000` |
 * | `receipt`           | S    | changes are conditional on it                               |
 * | `receiveCount`      | N    |                                                             |
 * | `firstReceivedAtMs` | N    |                                                             |
 * | `expiresAtMs`       | N    | the row counts as gone from then on                         |
 * | `expiresAtSeconds`  | N    | the same for DynamoDB's time to live, rounded up            |
 *
 * Numbers in keys have leading zeros, so that they are ordered as text: shards as far as Kafka's
 * partitions go, offsets to 2^63 − 1, times to the largest safe integer. Attributes of later
 * versions stay where a row is changed.
 *
 * Because of the index, the rows of a queue are one item collection, which may have 10 GB ("Local
 * secondary indexes", Amazon DynamoDB developer guide): some 20 million records, each in the table
 * and in the index. It stays in one partition, which has 1,000 write units a second ("Best
 * practices for designing and using partition keys effectively", ibid.). A row that is added takes
 * 2 of them, one that is claimed 3, since it moves in the index: a queue has some 330 claims a
 * second, in bursts more. Beyond that DynamoDB throttles, which is `unavailable` here.
 */
import { GatewayError } from '../../src/domain/errors.ts';
import { toOffset } from '../../src/domain/streams/stream.ts';
import type { QueueRow, RecordPlace, RowChange, RowState } from '../../src/ports/queue-rows.ts';
import type { CreateTableInput } from './database.ts';
import {
  type IndependentWrite,
  returningRow,
  statementOf,
  type StoredRow,
} from './independent-writes.ts';
import { setting } from './lease-rows.ts';

export const byDueAt = 'byDueAt';
export const timeToLiveAttribute = 'expiresAtSeconds';

const shardDigits = 10;
const offsetDigits = 19;
const timeDigits = 16;

export function queueRowsTable(tableName: string): CreateTableInput {
  return {
    TableName: tableName,
    AttributeDefinitions: ['queueId', 'place', 'dueAt'].map((name) => ({
      AttributeName: name,
      AttributeType: 'S',
    })),
    KeySchema: [
      { AttributeName: 'queueId', KeyType: 'HASH' },
      { AttributeName: 'place', KeyType: 'RANGE' },
    ],
    LocalSecondaryIndexes: [
      {
        IndexName: byDueAt,
        KeySchema: [
          { AttributeName: 'queueId', KeyType: 'HASH' },
          { AttributeName: 'dueAt', KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'ALL' },
      },
    ],
    BillingMode: 'PAY_PER_REQUEST',
  };
}

export function placeOf({ shard, offset }: RecordPlace): string {
  return `${placePrefixOf(shard)}${padded(offset, offsetDigits)}`;
}

/** How the places of all records of a shard begin. */
export function placePrefixOf(shard: number): string {
  return `${padded(shard, shardDigits)}#`;
}

export function keyOf(queueId: string, place: RecordPlace) {
  return { queueId: { S: queueId }, place: { S: placeOf(place) } };
}

export function dueAtOf(state: RowState, visibleAtMs: number): string {
  return `${state}#${padded(visibleAtMs, timeDigits)}`;
}

function padded(value: number | bigint, digits: number): string {
  const text = String(value);
  if (/^\d+$/.test(text) && text.length <= digits) return text.padStart(digits, '0');
  throw new GatewayError('internal', `${text} cannot be part of a queue row's key`);
}

function attributesOf(row: QueueRow) {
  return {
    dueAt: { S: dueAtOf(row.state, row.visibleAtMs) },
    receipt: { S: row.receipt },
    receiveCount: { N: String(row.receiveCount) },
    firstReceivedAtMs: { N: String(row.firstReceivedAtMs) },
    expiresAtMs: { N: String(row.expiresAtMs) },
    [timeToLiveAttribute]: { N: String(Math.ceil(row.expiresAtMs / 1000)) },
  };
}

export function storedRowOf(queueId: string, row: QueueRow): StoredRow {
  return { ...keyOf(queueId, row), ...attributesOf(row) };
}

/** Errors: `internal` if the row contains something that this version cannot read. */
export function rowIn(stored: StoredRow): QueueRow {
  const place = /^(\d+)#(\d+)$/.exec(stored['place']?.S ?? '');
  const dueAt = /^(live|dead|done)#(\d+)$/.exec(stored['dueAt']?.S ?? '');
  const receipt = stored['receipt']?.S;
  if (place === null || dueAt === null || receipt === undefined) {
    throw new GatewayError('internal', 'a row of a queue cannot be read');
  }
  return {
    shard: Number(place[1]),
    offset: toOffset(BigInt(place[2]!)),
    state: dueAt[1] as RowState,
    visibleAtMs: Number(dueAt[2]),
    receiveCount: numberIn(stored, 'receiveCount'),
    firstReceivedAtMs: numberIn(stored, 'firstReceivedAtMs'),
    receipt,
    expiresAtMs: numberIn(stored, 'expiresAtMs'),
  };
}

function numberIn(stored: StoredRow, name: string): number {
  return Number(stored[name]?.N ?? 0);
}

export function isExpired({ expiresAtMs }: QueueRow, nowMs: number): boolean {
  return expiresAtMs <= nowMs;
}

/** Whether the stored row has all of these attributes; it may have more. */
function has(stored: StoredRow, attributes: StoredRow): boolean {
  return Object.keys(attributes).every(
    (name) => stored[name]?.S === attributes[name]?.S && stored[name]?.N === attributes[name]?.N,
  );
}

/** Stores a row where there is none, or an expired one. */
export function additionOf(
  table: string,
  queueId: string,
  row: QueueRow,
  nowMs: number,
): IndependentWrite {
  const item = storedRowOf(queueId, row);
  const members = Object.keys(item).map((name) => `'${name}': :${name}`);
  return {
    key: placeOf(row),
    item: {
      Put: {
        TableName: table,
        Item: item,
        ConditionExpression: isNoRow,
        ExpressionAttributeValues: { ':now': { N: String(nowMs) } },
        ...returningRow,
      },
    },
    statement: statementOf(
      `INSERT INTO "${table}" VALUE {${members.join(', ')}}`,
      setting(item).values,
    ),
    isMade: (stored) => stored !== undefined && has(stored, item),
  };
}

/** Changes or deletes a row that is as it was, and has not expired. */
export function changeOf(
  table: string,
  queueId: string,
  { before, after }: RowChange,
  nowMs: number,
): IndependentWrite {
  const values = {
    ':before': { S: before.receipt },
    ':state': { S: `${before.state}#` },
    ':now': { N: String(nowMs) },
  };
  const condition = 'receipt = :before AND begins_with(dueAt, :state) AND expiresAtMs > :now';
  const key = keyOf(queueId, before);
  if (after === undefined) {
    return {
      ...deletionOf(table, key, condition, values),
      // A row that is gone after a repeat was deleted by the first attempt, or by another caller
      // that knows the receipt.
      isMade: (stored, isRepeat) => stored === undefined && isRepeat,
    };
  }
  if (placeOf(after) !== key.place.S) {
    throw new GatewayError('internal', 'a change may not move a queue row to another record');
  }
  const attributes = attributesOf(after);
  const { expression, values: set } = setting(attributes);
  const sets = Object.keys(attributes).map((name) => `SET ${name} = :${name}`);
  return {
    key: key.place.S,
    item: {
      Update: {
        TableName: table,
        Key: key,
        UpdateExpression: expression,
        ConditionExpression: condition,
        ExpressionAttributeValues: { ...values, ...set },
        ...returningRow,
      },
    },
    statement: statementOf(`UPDATE "${table}" ${sets.join(' ')} WHERE ${isRow} AND ${condition}`, {
      ...setting(key).values,
      ...values,
      ...set,
    }),
    isMade: (stored) => stored !== undefined && has(stored, attributes),
  };
}

/** Deletes an expired row, unless it has been replaced. */
export function removalOf(
  table: string,
  queueId: string,
  row: QueueRow,
  nowMs: number,
): IndependentWrite {
  const values = { ':now': { N: String(nowMs) } };
  return {
    ...deletionOf(table, keyOf(queueId, row), 'expiresAtMs <= :now', values),
    isMade: (stored) => stored === undefined,
  };
}

/** There is none, or it has expired. */
const isNoRow = 'attribute_not_exists(place) OR expiresAtMs <= :now';
const isRow = 'queueId = :queueId AND place = :place';

function deletionOf(
  table: string,
  key: ReturnType<typeof keyOf>,
  condition: string,
  values: StoredRow,
): Omit<IndependentWrite, 'isMade'> {
  return {
    key: key.place.S,
    item: {
      Delete: {
        TableName: table,
        Key: key,
        ConditionExpression: condition,
        ExpressionAttributeValues: { ...values },
        ...returningRow,
      },
    },
    statement: statementOf(
      `DELETE FROM "${table}" WHERE ${isRow} AND ${condition} RETURNING ALL OLD *`,
      { ...setting(key).values, ...values },
    ),
  };
}
