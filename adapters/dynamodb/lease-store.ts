/**
 * The LeaseTables port: KCL's lease tables in DynamoDB, through dynamoose's client. Rows are
 * changed by expressions that name single attributes, because dynamoose's models drop attributes
 * that they do not know; the table itself is created from a dynamoose schema. lease-places.ts finds
 * tables.
 */
import type { Lease, NewLease, Seen, StreamOrigin } from '../../src/domain/leases/leases.ts';
import { memberOwnerPrefix } from '../../src/domain/leases/lease-owners.ts';
import { companionOf, companionSuffixes } from '../../src/domain/leases/lease-table-names.ts';
import { GatewayError, isGatewayError } from '../../src/domain/errors.ts';
import { atOnce } from '../../src/runtime/at-once.ts';
import type { CheckpointChange, LeaseTables, RenamedLease } from '../../src/ports/lease-tables.ts';
import {
  type AttributeValue,
  type CreateTableInput,
  type Database,
  failedConditionsIn,
  type TransactItem,
} from './database.ts';
import { keyAttribute, LeasePlaces } from './lease-places.ts';
import {
  checkpointAttributes,
  isAsRead,
  isOfStream,
  leaseOf,
  rowOf,
  seenAttributes,
  setting,
  workerOf,
  type UpdateParts,
} from './lease-rows.ts';

/** The index by which KCL 3 finds the leases of a worker. */
const ownerIndex = 'LeaseOwnerToLeaseKeyIndex';
/** DynamoDB's limit. */
const changesInCallMax = 100;
const callsAtOnce = 4;
const rowsAtOnce = 32;

/** The keys of KCL's companion tables. */
const companionKeys = companionSuffixes.map(
  (suffix) => [suffix, suffix === '-CoordinatorState' ? 'key' : 'wid'] as const,
);

const one = { ':one': { N: '1' } };

/** No KCL worker owns the lease, or a member still does during a handover. */
const notOfWorker: UpdateParts = {
  expression:
    '(attribute_not_exists(leaseOwner) OR begins_with(leaseOwner, :member) ' +
    'OR begins_with(checkpointOwner, :member))',
  values: { ':member': { S: memberOwnerPrefix } },
};

/** The lease was neither renewed nor taken since it was read. */
function hasCounterOf({ counter }: Lease): UpdateParts {
  const values = { ':counter': { N: String(counter) } };
  return { expression: 'leaseCounter = :counter', values };
}

type RowChange = Pick<TransactItem, 'Put' | 'Update'>;

/** The name of the changed table in DynamoDB. */
function placeOf({ Put: put, Update: update }: RowChange): string {
  return String((put ?? update)?.TableName);
}

/** Changes single attributes of an existing row, if all of the conditions hold. */
function updateOf(
  table: string,
  key: string,
  { expression, values }: UpdateParts,
  conditions: readonly UpdateParts[],
) {
  const exists = `attribute_exists(${keyAttribute})`;
  const expressions = [exists, ...conditions.map((each) => each.expression)];
  return {
    TableName: table,
    Key: { [keyAttribute]: { S: key } },
    UpdateExpression: expression,
    ConditionExpression: expressions.join(' AND '),
    ExpressionAttributeValues: Object.assign(
      { ...values },
      ...conditions.map((each) => each.values),
    ) as Record<string, AttributeValue>,
  };
}

function checkpointUpdate(table: string, change: CheckpointChange) {
  const { childShardIds, evict, byMember, unchangedSince } = change;
  const set = setting({
    ...checkpointAttributes(change.checkpoint),
    ownerSwitchesSinceCheckpoint: { N: '0' },
    ...(childShardIds.length > 0 ? { childShardIds: { SS: [...childShardIds] } } : {}),
    ...seenAttributes(change.seen, change.stream),
  });
  const pending = 'pendingCheckpoint, pendingCheckpointSubSequenceNumber, pendingCheckpointState';
  // Like KCL's own eviction: since the counter changes, the former owner cannot write any more.
  const evicted = evict ? ', leaseOwner, checkpointOwner ADD leaseCounter :one' : '';
  const update = {
    expression: `${set.expression} REMOVE ${pending}${evicted}`,
    values: { ...set.values, ...(evict ? one : {}) },
  };
  const asRead = unchangedSince === undefined ? [] : [isAsRead(unchangedSince)];
  return updateOf(table, change.key, update, byMember ? [...asRead, notOfWorker] : asRead);
}

let schemaCount = 0;

/** Sends no request yet. */
export async function openLeaseTables(database: Database): Promise<LeaseTables> {
  const { dynamoose, instance } = database;
  const schema = new dynamoose.Schema({
    [keyAttribute]: { type: String, hashKey: true },
    leaseOwner: {
      type: String,
      index: { name: ownerIndex, type: 'global', rangeKey: keyAttribute, project: false },
    },
  });
  // dynamoose registers models by name; one serves all tables.
  schemaCount += 1;
  const model = dynamoose.model(`lease-tables#${schemaCount}`, schema);
  const table = new instance.Table('lease-table', [model], {
    create: false,
    waitForActive: false,
    throughput: 'ON_DEMAND',
  });
  // dynamoose declares the result type of the other form of this call.
  const request = table.create({ return: 'request' }) as Promise<unknown>;
  return new DynamoLeaseTables(database, (await request) as CreateTableInput);
}

class DynamoLeaseTables implements LeaseTables {
  readonly #database: Database;
  readonly #layout: CreateTableInput;
  readonly #places: LeasePlaces;

  constructor(database: Database, layout: CreateTableInput) {
    this.#database = database;
    this.#layout = layout;
    this.#places = new LeasePlaces(database);
  }

  list(): Promise<readonly string[]> {
    return this.#places.list();
  }

  nameOf(table: string): Promise<string> {
    return this.#places.placeOf(table);
  }

  async read(table: string): Promise<readonly Lease[] | undefined> {
    const place = await this.#places.findNow(table);
    if (place === undefined) return undefined;
    const leases: Lease[] = [];
    let from: Record<string, AttributeValue> | undefined;
    do {
      const page = await this.#database.callExisting('Scan', () =>
        this.#database.client.scan({
          TableName: place,
          ConsistentRead: true,
          ...(from === undefined ? {} : { ExclusiveStartKey: from }),
        }),
      );
      if (page === undefined) {
        this.#places.forget(table);
        return undefined;
      }
      for (const row of page.Items ?? []) {
        const lease = leaseOf(row);
        if (lease !== undefined) leases.push(lease);
      }
      from = page.LastEvaluatedKey;
    } while (from !== undefined);
    return leases;
  }

  make(table: string): Promise<void> {
    return this.#places.make(table, this.#layout);
  }

  async add(table: string, leases: readonly NewLease[]): Promise<void> {
    const place = await this.#places.placeOf(table);
    const puts = leases.map((lease) => ({
      Put: {
        TableName: place,
        Item: rowOf(lease),
        ConditionExpression: `attribute_not_exists(${keyAttribute})`,
      },
    }));
    await this.#changeEach(puts);
  }

  async setCheckpoints(
    table: string,
    changes: readonly CheckpointChange[],
  ): Promise<readonly boolean[]> {
    const place = await this.#places.placeOf(table);
    const updates = changes.map((change) => ({ Update: checkpointUpdate(place, change) }));
    return this.#changeEach(updates);
  }

  async note(table: string, lease: Lease, seen: Seen, stream: StreamOrigin): Promise<void> {
    await this.#update(table, lease.key, setting(seenAttributes(seen, stream)), [isAsRead(lease)]);
  }

  async rename(table: string, lease: Lease, renamed: RenamedLease): Promise<void> {
    const place = await this.#places.placeOf(table);
    const Key = { [keyAttribute]: { S: lease.key } };
    const found = await this.#database.callExisting('GetItem', () =>
      this.#database.client.getItem({ TableName: place, Key, ConsistentRead: true }),
    );
    const asRead = isAsRead(lease);
    const counter = found?.Item?.['leaseCounter'] ?? { N: '0' };
    const Item = {
      ...found?.Item,
      [keyAttribute]: { S: renamed.key },
      streamName: { S: renamed.streamIdentifier },
      shardId: { S: renamed.shardId },
    };
    const put = {
      TableName: place,
      Item,
      ConditionExpression: `attribute_not_exists(${keyAttribute})`,
    };
    const deletion = {
      TableName: place,
      Key,
      ConditionExpression: `${asRead.expression} AND leaseCounter = :counter`,
      ExpressionAttributeValues: { ...asRead.values, ':counter': counter },
    };
    await this.#change('TransactWriteItems', place, () =>
      this.#database.client.transactWriteItems({
        TransactItems: [{ Put: put }, { Delete: deletion }],
      }),
    );
  }

  async remove(table: string, lease: Lease): Promise<void> {
    const place = await this.#places.placeOf(table);
    const conditions = [isAsRead(lease), isOfStream(lease)];
    await this.#change('DeleteItem', place, () =>
      this.#database.client.deleteItem({
        TableName: place,
        Key: { [keyAttribute]: { S: lease.key } },
        ConditionExpression: conditions.map(({ expression }) => expression).join(' AND '),
        ExpressionAttributeValues: Object.assign({}, ...conditions.map(({ values }) => values)),
      }),
    );
  }

  async drop(table: string): Promise<void> {
    const place = await this.#places.find(table);
    if (place === undefined) return;
    // The lease table goes last: as long as it exists, a failed deletion of the group can be
    // retried.
    for (const [suffix, key] of companionKeys) {
      const companion = companionOf(place, suffix);
      if (companion !== undefined) await this.#dropOne(companion, key);
    }
    this.#places.forget(table);
    await this.#dropOne(place, keyAttribute);
  }

  /** Only a table with the expected layout is deleted. */
  async #dropOne(name: string, key: string): Promise<void> {
    if ((await this.#places.keyOf(name)) !== key) return;
    await this.#database.callExisting('DeleteTable', () =>
      this.#database.client.deleteTable({ TableName: name }),
    );
  }

  async take(table: string, leases: readonly Lease[], owner: string): Promise<readonly Lease[]> {
    const place = await this.#places.placeOf(table);
    const updates = leases.map((lease) => {
      const isSwitch = lease.owner !== undefined && lease.owner !== owner;
      const switches = isSwitch ? ', ownerSwitchesSinceCheckpoint :one' : '';
      const set = 'SET leaseOwner = :owner REMOVE checkpointOwner';
      const update = {
        expression: `${set} ADD leaseCounter :one${switches}`,
        values: { ':owner': { S: owner }, ...one },
      };
      return { Update: updateOf(place, lease.key, update, [hasCounterOf(lease)]) };
    });
    const areDone = await this.#changeEach(updates);
    return leases.filter((_, index) => areDone[index]);
  }

  /** The counter stays, as in KCL: the worker renews with it until it hands over the lease. */
  async handOver(table: string, lease: Lease, owner: string): Promise<void> {
    const { owner: before, checkpointOwner } = lease;
    if (before === undefined) throw new GatewayError('conflict', `${lease.key} is nobody's`);
    const update = {
      expression: 'SET leaseOwner = :owner, checkpointOwner = :former',
      values: { ':owner': { S: owner }, ':former': { S: checkpointOwner ?? before } },
    };
    const isOwned = { expression: 'leaseOwner = :before', values: { ':before': { S: before } } };
    const isAsked = 'checkpointOwner = :former';
    const isNotAsked = 'attribute_not_exists(checkpointOwner)';
    const expression = checkpointOwner === undefined ? isNotAsked : isAsked;
    await this.#update(table, lease.key, update, [isOwned, { expression, values: {} }]);
  }

  async renew(
    table: string,
    leases: readonly Lease[],
    owner: string,
    together: boolean,
  ): Promise<readonly Lease[]> {
    const update = { expression: 'ADD leaseCounter :one', values: one };
    const isOwn = {
      expression: '(leaseOwner = :owner OR checkpointOwner = :owner)',
      values: { ':owner': { S: owner } },
    };
    const place = await this.#places.placeOf(table);
    const updates = leases.map(({ key }) => ({ Update: updateOf(place, key, update, [isOwn]) }));
    const areDone = await this.#changeEach(updates, together ? changesInCallMax : 1);
    return leases.filter((_, index) => areDone[index]);
  }

  async release(table: string, lease: Lease, owner: string): Promise<void> {
    // If the lease is being handed over, only the handover ends.
    const attribute = lease.checkpointOwner === owner ? 'checkpointOwner' : 'leaseOwner';
    const update = { expression: `REMOVE ${attribute} ADD leaseCounter :one`, values: one };
    const isOwn = { expression: `${attribute} = :owner`, values: { ':owner': { S: owner } } };
    await this.#update(table, lease.key, update, [isOwn]);
  }

  async workers(table: string, sinceSeconds: number): Promise<ReadonlyMap<string, number>> {
    const place = await this.#places.placeOf(table);
    const companion = companionOf(place, '-WorkerMetricStats');
    const names = companion === undefined ? [place] : [place, companion];
    const rows = await Promise.all(
      names.map((name) =>
        this.#database.callExisting('Scan', () =>
          this.#database.client.scan({
            TableName: name,
            FilterExpression: 'lut >= :since',
            ExpressionAttributeValues: { ':since': { N: String(sinceSeconds) } },
          }),
        ),
      ),
    );
    const workers = new Map<string, number>();
    for (const row of rows.flatMap((page) => page?.Items ?? [])) {
      const worker = workerOf(row);
      if (worker !== undefined) workers.set(worker, Number(row['lut']?.N));
    }
    return workers;
  }

  async #update(
    table: string,
    key: string,
    update: UpdateParts,
    conditions: readonly UpdateParts[],
  ): Promise<void> {
    const place = await this.#places.placeOf(table);
    await this.#change('UpdateItem', place, () =>
      this.#database.client.updateItem(updateOf(place, key, update, conditions)),
    );
  }

  /**
   * Changes many rows in one call, each under its own condition; returns which were changed. Ten
   * calls instead of a thousand take a tenth of the time and hardly any CPU time.
   */
  async #changeEach(
    changes: readonly RowChange[],
    changesInCall = changesInCallMax,
  ): Promise<readonly boolean[]> {
    const areDone = changes.map(() => false);
    const all = [...changes.keys()];
    const changeOne = async (index: number) => {
      areDone[index] = await this.#changeOne(changes[index]!);
    };
    const firsts = all.filter((index) => index % changesInCall === 0);
    await atOnce(changesInCall === 1 ? rowsAtOnce : callsAtOnce, firsts, async (first) => {
      let left = all.slice(first, first + changesInCall);
      while (left.length > 1) {
        const some = left.map((index) => changes[index]!);
        const failed = await this.#changeTogether(some);
        if (failed === undefined) {
          for (const index of left) areDone[index] = true;
          return;
        }
        // Others are changing these rows now: each row is tried by itself.
        if (failed.size === 0) break;
        left = left.filter((_, position) => !failed.has(position));
      }
      await atOnce(rowsAtOnce, left, changeOne);
    });
    return areDone;
  }

  /**
   * If a condition does not hold, nothing is changed, and the indexes of such rows are returned.
   */
  async #changeTogether(changes: readonly RowChange[]): Promise<ReadonlySet<number> | undefined> {
    try {
      await this.#change('TransactWriteItems', placeOf(changes[0]!), () =>
        this.#database.client.transactWriteItems({ TransactItems: [...changes] }),
      );
      return undefined;
    } catch (error) {
      if (!isGatewayError(error, 'conflict')) throw error;
      return failedConditionsIn(error);
    }
  }

  async #changeOne(change: RowChange): Promise<boolean> {
    const { client } = this.#database;
    const { Put: put, Update: update } = change;
    const place = placeOf(change);
    try {
      if (put === undefined)
        await this.#change('UpdateItem', place, () => client.updateItem(update!));
      else await this.#change('PutItem', place, () => client.putItem(put));
      return true;
    } catch (error) {
      if (isGatewayError(error, 'conflict')) return false;
      throw error;
    }
  }

  /** A deleted table counts as a condition that does not hold. */
  async #change(operation: string, place: string, work: () => Promise<unknown>): Promise<void> {
    const done = await this.#database.callExisting(operation, async () => {
      await work();
      return true;
    });
    if (done === true) return;
    this.#places.forgetPlace(place);
    throw new GatewayError('conflict', `there is no lease table ${place}`);
  }
}
