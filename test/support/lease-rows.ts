/** Rows of lease tables as KCL itself reads and writes them, by the AWS SDK alone. */
import type { TestContext } from 'node:test';
import { Database } from '../../adapters/dynamodb/database.ts';
import { sequenceNumberOf } from '../../src/domain/records/sequence-number.ts';
import { shardIdOf, toOffset } from '../../src/domain/streams/stream.ts';
import { untilTrue } from './until.ts';

export type Row = Readonly<Record<string, { S?: string; N?: string; SS?: string[] }>>;

export type LeaseRows = {
  readonly client: Database['client'];
  /** By lease key; undefined where there is no table. */
  all(table: string): Promise<ReadonlyMap<string, Row> | undefined>;
  put(table: string, row: Row): Promise<void>;
  /** Sets attributes of one row, as a KCL worker does. */
  set(table: string, leaseKey: string, attributes: Row): Promise<void>;
  /** Makes the table as KCL 2 does: no index, no companions. */
  make(table: string): Promise<void>;
};

export async function openLeaseRows(t: TestContext, endpoint: string): Promise<LeaseRows> {
  const database = await Database.open({ endpoint, region: 'us-east-1' });
  t.after(() => database.close());
  const { client } = database;
  return {
    client,
    async all(table) {
      try {
        const { Items = [] } = await client.scan({ TableName: table, ConsistentRead: true });
        return new Map(Items.map((row) => [String(row['leaseKey']?.S), row as Row]));
      } catch (error) {
        if ((error as Error).name === 'ResourceNotFoundException') return undefined;
        throw error;
      }
    },
    async put(table, row) {
      await client.putItem({ TableName: table, Item: { ...row } as never });
    },
    async set(table, leaseKey, attributes) {
      await client.updateItem({
        TableName: table,
        Key: { leaseKey: { S: leaseKey } },
        AttributeUpdates: Object.fromEntries(
          Object.entries(attributes).map(([name, Value]) => [name, { Action: 'PUT', Value }]),
        ) as never,
      });
    },
    async make(table) {
      await client.createTable({
        TableName: table,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'leaseKey', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'leaseKey', KeyType: 'HASH' }],
      });
      await untilTrue(`table ${table} to be made`, async () => {
        const { Table } = await client.describeTable({ TableName: table });
        return Table?.TableStatus === 'ACTIVE';
      });
    },
  };
}

/** A row as KCL 2.x writes it for a shard of which it has done records up to `lastOffset`. */
export function kclRow(
  shard: { readonly index: number; readonly createdAtSeconds: number },
  lastOffset: number | string,
  more: Row = {},
): Row {
  const checkpoint =
    typeof lastOffset === 'string'
      ? lastOffset
      : sequenceNumberOf(shard, toOffset(BigInt(lastOffset))).toString();
  return {
    leaseKey: { S: shardIdOf(shard.index) },
    leaseCounter: { N: '17' },
    leaseOwner: { S: 'worker-1' },
    ownerSwitchesSinceCheckpoint: { N: '2' },
    checkpoint: { S: checkpoint },
    checkpointSubSequenceNumber: { N: '0' },
    ...more,
  };
}
