/**
 * The QueueCatalog port: rows of the stream catalog's table, which queue-catalog-rows.ts describes.
 *
 * Attributes of later versions stay when a queue is changed. `writer` names the last change, so
 * that one that is sent again because its answer was lost finds out that it was made.
 */
import { randomUUID } from 'node:crypto';
import { GatewayError, isGatewayError } from '../../src/domain/errors.ts';
import type { Queue } from '../../src/domain/queues/queue.ts';
import type { QueueCatalog, QueuePage } from '../../src/ports/queue-catalog.ts';
import { retried } from '../../src/runtime/retry.ts';
import { catalogTableInput } from './account-catalog.ts';
import {
  cancellationReasonsIn,
  type CreateTableInput,
  type Database,
  failedConditionsIn,
  type TransactItem,
} from './database.ts';
import { failedConditionIn, type StoredRow } from './independent-writes.ts';
import {
  fieldsOf,
  type QueueFields,
  queueNamesScope,
  queueOf,
  queuesScope,
} from './queue-catalog-rows.ts';
import { catalogTableDefault } from './stream-catalog.ts';

/** Of a transaction that meets another one on the same rows. */
const attemptsMax = 20;
const retryEveryMs = 25;

/** Sends nothing yet; the table is created on first use. */
export function openQueueCatalog(
  database: Database,
  tableName = catalogTableDefault,
): QueueCatalog {
  return new DynamoQueueCatalog(database, tableName);
}

class DynamoQueueCatalog implements QueueCatalog {
  readonly #database: Database;
  readonly #name: string;
  readonly #table: CreateTableInput;

  constructor(database: Database, name: string) {
    this.#database = database;
    this.#name = name;
    this.#table = catalogTableInput(name);
  }

  async get(id: string): Promise<Queue | undefined> {
    const row = await this.#row(queuesScope, id);
    return row === undefined ? undefined : this.#queueIn(row);
  }

  async idOf(name: string): Promise<string | undefined> {
    return (await this.#row(queueNamesScope, name))?.['id']?.S;
  }

  async list({ after, countMax }: { after?: string; countMax: number }): Promise<QueuePage> {
    const queues: Queue[] = [];
    let from: StoredRow | undefined = after === undefined ? undefined : keyOf(queuesScope, after);
    do {
      const page = await this.#call('Query', () =>
        this.#database.client.query({
          TableName: this.#name,
          ConsistentRead: true,
          KeyConditionExpression: '#scope = :queues',
          ExpressionAttributeNames: { '#scope': 'scope' },
          ExpressionAttributeValues: { ':queues': { S: queuesScope } },
          // One more shows whether there is a next page.
          Limit: countMax + 1 - queues.length,
          ...(from === undefined ? {} : { ExclusiveStartKey: { ...from } }),
        }),
      );
      queues.push(...(page.Items ?? []).map((row) => this.#queueIn(row)));
      from = page.LastEvaluatedKey;
    } while (from !== undefined && queues.length <= countMax);
    const some = queues.slice(0, countMax);
    const last = some.at(-1);
    return queues.length > some.length && last !== undefined
      ? { queues: some, next: last.id }
      : { queues: some };
  }

  async create(queue: Queue): Promise<void> {
    const isNew = {
      TableName: this.#name,
      ConditionExpression: 'attribute_not_exists(#key)',
      ExpressionAttributeNames: { '#key': 'key' },
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    } as const;
    const { marshall } = this.#database.instance.aws.converter();
    const fields = marshall({ ...fieldsOf(queue) }, { removeUndefinedValues: true });
    const name = { ...keyOf(queueNamesScope, queue.name), id: { S: queue.id } };
    try {
      await this.#transact([
        { Put: { ...isNew, Item: { ...keyOf(queuesScope, queue.id), ...fields } } },
        { Put: { ...isNew, Item: name } },
      ]);
    } catch (error) {
      const [, ofName] = cancellationReasonsIn(error);
      if (ofName?.Code !== 'ConditionalCheckFailed') throw error;
      // Ids are never used again, so this queue was created by a call whose answer was lost.
      if (ofName.Item?.['id']?.S === queue.id) return;
      throw new GatewayError('in-use', `a queue has the name ${queue.name}`, { cause: error });
    }
  }

  async replace(before: Queue, after: Queue): Promise<void> {
    if (before.id !== after.id || before.name !== after.name) {
      throw new GatewayError('internal', 'a change may not rename a queue');
    }
    const writer = randomUUID();
    const fields: Readonly<Record<string, unknown>> = { ...fieldsOf(after), writer };
    const names = Object.keys(fields);
    const set = names.filter((name) => fields[name] !== undefined);
    const removed = names.filter((name) => fields[name] === undefined);
    const { marshall } = this.#database.instance.aws.converter();
    const values = marshall(Object.fromEntries(set.map((name) => [`:${name}`, fields[name]])));
    try {
      await this.#call('UpdateItem', () =>
        this.#database.client.updateItem({
          TableName: this.#name,
          Key: keyOf(queuesScope, before.id),
          UpdateExpression:
            `SET ${set.map((name) => `#${name} = :${name}`).join(', ')}` +
            (removed.length > 0 ? ` REMOVE ${removed.map((name) => `#${name}`).join(', ')}` : ''),
          ConditionExpression: '#version = :before',
          ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
          ExpressionAttributeValues: { ...values, ':before': { N: String(before.version) } },
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      );
    } catch (error) {
      if (isGatewayError(error, 'conflict')) {
        if (failedConditionIn(error)?.stored?.['writer']?.S === writer) return;
      }
      throw error;
    }
  }

  async remove(queue: Queue): Promise<void> {
    await this.#transact([
      {
        Delete: {
          TableName: this.#name,
          Key: keyOf(queuesScope, queue.id),
          ConditionExpression: '#version = :version',
          ExpressionAttributeNames: { '#version': 'version' },
          ExpressionAttributeValues: { ':version': { N: String(queue.version) } },
        },
      },
      {
        Delete: {
          TableName: this.#name,
          Key: keyOf(queueNamesScope, queue.name),
          ConditionExpression: 'id = :id',
          ExpressionAttributeValues: { ':id': { S: queue.id } },
        },
      },
    ]);
  }

  async #row(scope: string, key: string): Promise<StoredRow | undefined> {
    const { Item: row } = await this.#call('GetItem', () =>
      this.#database.client.getItem({
        TableName: this.#name,
        Key: keyOf(scope, key),
        ConsistentRead: true,
      }),
    );
    return row;
  }

  /** Errors: `internal` if the row contains something that no gateway has written. */
  #queueIn(row: StoredRow): Queue {
    const id = String(row['key']?.S);
    const { unmarshall } = this.#database.instance.aws.converter();
    try {
      return queueOf(id, unmarshall({ ...row }) as QueueFields);
    } catch (cause) {
      throw new GatewayError('internal', `the row of queue ${id} cannot be read`, { cause });
    }
  }

  /** Writes all or nothing; repeated while others write the same rows. */
  #transact(items: TransactItem[]): Promise<void> {
    const isContention = (error: unknown, { count }: { readonly count: number }) =>
      count < attemptsMax &&
      isGatewayError(error, 'conflict') &&
      failedConditionsIn(error).size === 0;
    return retried(retryEveryMs, isContention, async () => {
      await this.#call('TransactWriteItems', () =>
        this.#database.client.transactWriteItems({ TransactItems: items }),
      );
    });
  }

  #call<T>(operation: string, work: () => Promise<T>): Promise<T> {
    return this.#database.call(operation, this.#table, work);
  }
}

function keyOf(scope: string, key: string) {
  return { scope: { S: scope }, key: { S: key } };
}
