/** KPL with its native daemon, over TLS: aggregated records, and its prediction of their shards. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sharedEngines } from '../support/engines.ts';
import { startGateway } from '../support/gateway.ts';
import { awsProgram, installClients, javaProgram } from '../support/install.ts';
import { createStream, newName } from '../support/doors.ts';
import { readShards } from '../support/checks/lineage.ts';
import { linesOf } from '../support/checks/records.ts';
import { doorAt } from '../support/gateways.ts';

await Promise.all([sharedEngines(), installClients()]);

type UserRecord = {
  readonly shard: string;
  readonly seq: string;
  readonly sub: number;
  readonly key: string;
  readonly value: string;
  readonly aggregated: boolean;
  /** Whether KCL keeps it: the hash of its key belongs to the shard that it was in. */
  readonly kept: boolean;
};

const count = 100_000;
const keys = 10_007;

test('100,000 user records that KPL aggregates arrive once, where their keys belong', async (t) => {
  const { kinesisTls, kinesis, certificate } = await startGateway(t, {
    settings: { KINESKA_LIMITS: 'off' },
  });
  const stream = await createStream(kinesis, 4);
  const { hostname, port } = new URL(kinesisTls);
  const given = [hostname, port, certificate, stream, String(count), String(keys)];
  const produced = await javaProgram('kpl', given);
  assert.deepEqual(JSON.parse(produced), { acknowledged: count, failed: 0 });

  const records = linesOf<UserRecord>(await awsProgram(['deaggregate', kinesis, stream]));
  const values = new Set(records.map(({ value }) => value));
  assert.equal(records.length, count);
  assert.equal(values.size, count);
  for (const { key, value, kept } of records) {
    assert.equal(key, `key-${Number(value.slice('record-'.length)) % keys}`);
    assert.ok(kept, `${key} is in a shard that is not its own`);
  }
  assert.equal(new Set(records.map(({ shard }) => shard)).size, 4);
  const aggregates = new Set(records.map(({ seq }) => seq));
  assert.ok(records.some(({ aggregated }) => aggregated));
  assert.ok(aggregates.size < count / 10, `${aggregates.size} records of Kinesis`);
  t.diagnostic(`${count} user records in ${aggregates.size} records of Kinesis`);
});

test('KPL aggregates nothing on an AUTO stream, and puts records without keys', async (t) => {
  const { kinesisTls, kinesis, certificate } = await startGateway(t, {
    settings: { KINESKA_LIMITS: 'off' },
  });
  const door = doorAt(kinesis);
  const { hostname, port } = new URL(kinesisTls);
  for (const keysOfStream of [0, 7]) {
    const stream = newName();
    await door.ask('CreateStream', {
      StreamName: stream,
      StreamModeDetails: { StreamMode: 'ON_DEMAND' },
      RecordDistributionStrategy: 'AUTO',
    });
    const given = [hostname, port, certificate, stream, '2000', String(keysOfStream)];
    const produced = await javaProgram('kpl', given);
    assert.deepEqual(JSON.parse(produced), { acknowledged: 2000, failed: 0 });
    const records = await readShards(door, stream);
    const numbers = records.map(({ value }) => Number(/^record-(\d+)$/.exec(value)?.[1]));
    assert.deepEqual(
      numbers.toSorted((one, other) => one - other),
      Array.from({ length: 2000 }, (_, nth) => nth),
    );
    for (const [nth, { key }] of records.entries()) {
      assert.equal(key, keysOfStream === 0 ? undefined : `key-${numbers[nth]! % keysOfStream}`);
    }
    assert.equal(new Set(records.map(({ shard }) => shard)).size, 4);
  }
});
