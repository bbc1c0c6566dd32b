/** The message tables against the schemas, and the bytes against the classes, of kafka-clients. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import * as fc from 'fast-check';
import { errorName, errorTable, isRetriable } from '../../src/wire/errors.ts';
import { decodeMessage, encodeMessage, type Fields, type Message } from '../../src/wire/message.ts';
import { heartbeatRequest } from '../../src/wire/messages/12-heartbeat.ts';
import { apiTables } from './api-tables.ts';
import {
  allowsNull,
  allTables,
  arbitraryOf,
  extremeOf,
  extremes,
  isIn,
  versionsOf,
} from '../support/wire-values.ts';
import { Float, JavaOracle } from './java-oracle.ts';
import {
  linesOfSchema,
  linesOfTable,
  optionsOfSchema,
  optionsOfTable,
  rangeOf,
  type Schema,
} from './schema.ts';

/** APIs that brokers listen for and that no client sends: the gateway has no tables for them. */
const betweenBrokers: Readonly<Record<string, string>> = {
  InitializeShareGroupState: 'a group coordinator tells the share coordinator',
  ReadShareGroupState: 'the leader of a partition asks the share coordinator',
  WriteShareGroupState: 'the leader of a partition tells the share coordinator',
  DeleteShareGroupState: 'a group coordinator tells the share coordinator',
  ReadShareGroupStateSummary: 'a group coordinator asks the share coordinator',
};

const valuesEach = 6;
const seed = 20_260_701;

let java: JavaOracle;
let schemas: Readonly<Record<string, Schema>>;

before(async () => {
  java = await JavaOracle.start();
  schemas = (await java.ask({ ask: 'schemas' })) as typeof schemas;
});
after(() => java.stop());

test('every API that clients may call has tables, and no other has', () => {
  const ofBrokers = Object.values(schemas)
    .filter(({ type, listeners }) => type === 'request' && listeners?.includes('broker') === true)
    .map(({ name }) => name.slice(0, -'Request'.length));
  const accountedFor = [...apiTables.map(({ name }) => name), ...Object.keys(betweenBrokers)];
  assert.deepEqual(accountedFor.toSorted(), ofBrokers.toSorted());
});

test('unknown tagged fields and text that is no UTF-8 come back as from Java', async () => {
  const name = 'HeartbeatRequest';
  const ask = (hex: string) => java.ask({ ask: 'recode', name, version: 4, hex });
  const fields = { groupId: 'g', memberId: 'm' };
  const good = encodeMessage(heartbeatRequest, 4, fields).toString('hex');
  const withTags = `${good.slice(0, -2)}02050141ac0202ffff`;
  const damaged = good.replace('0267', '05e282ff67');
  for (const hex of [withTags, damaged]) {
    const decoded = decodeMessage(heartbeatRequest, 4, Buffer.from(hex, 'hex'));
    assert.equal(encodeMessage(heartbeatRequest, 4, decoded).toString('hex'), await ask(hex));
  }
});

test('every error has the code that Kafka gives it, and whether clients try again', async () => {
  const theirs = await java.ask({ ask: 'errors' });
  const ours = Object.entries(errorTable).map(([name, { code }]) => {
    assert.equal(errorName(code), name);
    return [name, { code, retriable: isRetriable(code) }];
  });
  assert.deepEqual(Object.fromEntries(ours), theirs);
});

test('Fetch from version 15 on differs only in fields that a relay may leave out', () => {
  // docs/decisions/0005: requests above version 15 are passed on as version 15.
  const optional = /^nodeEndpoints|replicaDirectoryId|highWatermark: int64 = \d+ tag/;
  for (const name of ['FetchRequest', 'FetchResponse']) {
    const schema = schemas[name]!;
    const [, latest] = rangeOf(schema.validVersions);
    const of15 = linesOfSchema(schema, 15);
    for (let version = 16; version <= latest; version++) {
      const lines = linesOfSchema(schema, version).filter((line) => !optional.test(line));
      assert.deepEqual(lines, of15, `${name} version ${version}`);
    }
  }
});

for (const table of allTables) {
  test(`${table.name} has the versions and fields of Kafka's schema`, () => {
    const schema = schemas[table.name];
    assert.ok(schema !== undefined, 'no such schema');
    assert.deepEqual(optionsOfTable(table), optionsOfSchema(schema));
    for (const version of versionsOf(table)) {
      const expected = linesOfSchema(schema, version);
      assert.deepEqual(linesOfTable(table, version), expected, `version ${version}`);
    }
  });

  test(`${table.name} has the bytes that Java writes, in every version`, async () => {
    await Promise.all(versionsOf(table).map((version) => compareBytes(table, version)));
  });
}

async function compareBytes(table: Message, version: number): Promise<void> {
  const values = [
    ...extremes.map((extreme) => extremeOf(table, version, extreme)),
    ...fc.sample(arbitraryOf(table, version), { numRuns: valuesEach, seed }),
  ];
  const { name } = table;
  const what = `${name} version ${version}`;
  await Promise.all(
    values.map(async (value) => {
      const ours = encodeMessage(table, version, value).toString('hex');
      const json = carriedBy(table.fields, version, value);
      const theirs = (await java.ask({ ask: 'encode', name, version, json })) as string;
      assert.equal(ours, theirs, what);
      const decoded = decodeMessage(table, version, Buffer.from(theirs, 'hex'));
      assert.deepEqual(decoded, value, what);
      assert.equal(await java.ask({ ask: 'recode', name, version, hex: ours }), ours, what);
    }),
  );
}

/** The part of a value that a message of this version carries, for Java's converter. */
function carriedBy(fields: Fields, version: number, value: Record<string, unknown>): unknown {
  const carried: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) {
    if (!isIn(field, version)) continue;
    const given = value[name];
    const inner = field.fields ?? field.element?.fields;
    if (given === null && !allowsNull(field, version)) continue;
    if (field.kind === 'float64') carried[name] = new Float(given as number);
    else if (inner === undefined || given === null) carried[name] = given;
    else if (Array.isArray(given)) {
      carried[name] = given.map((each) =>
        carriedBy(inner, version, each as Record<string, unknown>),
      );
    } else carried[name] = carriedBy(inner, version, given as Record<string, unknown>);
  }
  return carried;
}
