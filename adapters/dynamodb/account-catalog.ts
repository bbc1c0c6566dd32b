/**
 * Settings of accounts, in rows of the stream catalog's table: scope `accounts`, the account as
 * key. A change is conditional on the row's version.
 */
import type { AccountSettings } from '../../src/domain/streams/account-settings.ts';
import { noAccountSettings } from '../../src/domain/streams/account-settings.ts';
import type { AccountCatalog } from '../../src/ports/account-catalog.ts';
import type { CreateTableInput, Database } from './database.ts';
import { catalogTableDefault } from './stream-catalog.ts';

const accountsScope = 'accounts';

/** The table that holds rows of all kinds. */
export function catalogTableInput(tableName: string): CreateTableInput {
  return {
    TableName: tableName,
    AttributeDefinitions: [
      { AttributeName: 'scope', AttributeType: 'S' },
      { AttributeName: 'key', AttributeType: 'S' },
    ],
    KeySchema: [
      { AttributeName: 'scope', KeyType: 'HASH' },
      { AttributeName: 'key', KeyType: 'RANGE' },
    ],
    BillingMode: 'PAY_PER_REQUEST',
  };
}

/** Sends nothing yet; the table is created on first use. */
export function openAccountCatalog(
  database: Database,
  tableName = catalogTableDefault,
): AccountCatalog {
  const table = catalogTableInput(tableName);
  const keyOf = (account: string) => ({ scope: { S: accountsScope }, key: { S: account } });
  return {
    async get(account) {
      const { Item: row } = await database.call('GetItem', table, () =>
        database.client.getItem({
          TableName: tableName,
          Key: keyOf(account),
          ConsistentRead: true,
        }),
      );
      const stored = row?.['settings']?.S;
      return stored === undefined ? noAccountSettings : (JSON.parse(stored) as AccountSettings);
    },
    async replace(account, after) {
      await database.call('PutItem', table, () =>
        database.client.putItem({
          TableName: tableName,
          Item: {
            ...keyOf(account),
            version: { N: String(after.version) },
            settings: { S: JSON.stringify(after) },
          },
          ConditionExpression: 'attribute_not_exists(#key) OR #version = :before',
          ExpressionAttributeNames: { '#key': 'key', '#version': 'version' },
          ExpressionAttributeValues: { ':before': { N: String(after.version - 1) } },
        }),
      );
    },
  };
}
