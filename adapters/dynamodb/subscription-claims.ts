/**
 * Claims of subscriptions, in rows of the stream catalog's table. Each has its own scope (partition
 * key), which spreads the load, and the key `claim`.
 */
import { isGatewayError } from '../../src/domain/errors.ts';
import type { SubscriptionClaims } from '../../src/ports/subscription-claims.ts';
import { catalogTableInput } from './account-catalog.ts';
import type { Database } from './database.ts';
import { catalogTableDefault } from './stream-catalog.ts';

/** Sends nothing yet; the table is created on first use. */
export function openSubscriptionClaims(
  database: Database,
  tableName = catalogTableDefault,
): SubscriptionClaims {
  const table = catalogTableInput(tableName);
  const keyOf = (key: string) => ({ scope: { S: `subscription:${key}` }, key: { S: 'claim' } });
  /** False if the condition does not hold. */
  const unlessConflict = async (call: Promise<unknown>): Promise<boolean> => {
    try {
      await call;
      return true;
    } catch (error) {
      if (isGatewayError(error, 'conflict')) return false;
      throw error;
    }
  };
  return {
    async get(key) {
      const { Item: row } = await database.call('GetItem', table, () =>
        database.client.getItem({ TableName: tableName, Key: keyOf(key), ConsistentRead: true }),
      );
      const holder = row?.['holder']?.S;
      return holder === undefined
        ? undefined
        : { holder, startedAtMs: Number(row?.['startedAtMs']?.N) };
    },
    take(key, { holder, startedAtMs }, ageMsMin) {
      const put = () =>
        database.client.putItem({
          TableName: tableName,
          Item: { ...keyOf(key), holder: { S: holder }, startedAtMs: { N: String(startedAtMs) } },
          ConditionExpression:
            'attribute_not_exists(holder) OR startedAtMs <= :before OR startedAtMs >= :after',
          ExpressionAttributeValues: {
            ':before': { N: String(startedAtMs - ageMsMin) },
            ':after': { N: String(startedAtMs + ageMsMin) },
          },
        });
      return unlessConflict(database.call('PutItem', table, put));
    },
    async release(key, holder) {
      const deletion = () =>
        database.client.deleteItem({
          TableName: tableName,
          Key: keyOf(key),
          ConditionExpression: 'holder = :holder',
          ExpressionAttributeValues: { ':holder': { S: holder } },
        });
      await unlessConflict(database.call('DeleteItem', table, deletion));
    },
  };
}
