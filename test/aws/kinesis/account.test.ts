/** Settings and limits of the account, and what hangs on them. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { activated, newStream } from '../../../src/domain/streams/stream-rules.ts';
import type { StreamMode } from '../../../src/domain/streams/stream.ts';
import { type Body, type DataDoor, dataDoor } from './data-door.ts';
import { account } from './door.ts';

const daySeconds = 86_400;

function streamRow(name: string, shardCount: number, mode: StreamMode) {
  return activated(newStream({ name, shardCount, mode }, Date.now()), 'none');
}

/** States are functions of time, so that no test waits for one: time goes when a test says so. */
async function stoppedDoor(t: TestContext, shardCount = 1): Promise<DataDoor> {
  const door = await dataDoor(t, shardCount);
  door.stoppedAtMs = Date.now();
  return door;
}

async function commitment(door: DataDoor, Status?: string): Promise<Body> {
  const given = { MinimumThroughputBillingCommitment: { Status } };
  const answer = await (Status === undefined
    ? door.ask('DescribeAccountSettings', {})
    : door.ask('UpdateAccountSettings', given));
  return answer['MinimumThroughputBillingCommitment'] as Body;
}

test('a commitment lasts a day at least, and ends by itself if ended before', async (t) => {
  const door = await stoppedDoor(t);
  assert.deepEqual(await commitment(door), { Status: 'DISABLED' });
  const begun = await commitment(door, 'ENABLED');
  const started = Number(begun['StartedAt']);
  const running = { StartedAt: started, EarliestAllowedEndAt: started + daySeconds };
  assert.deepEqual(begun, { Status: 'ENABLED', ...running });
  assert.deepEqual(await commitment(door, 'ENABLED'), begun);
  const ending = { Status: 'ENABLED_UNTIL_EARLIEST_ALLOWED_END', ...running };
  assert.deepEqual(await commitment(door, 'DISABLED'), ending);
  assert.deepEqual(await commitment(door, 'ENABLED'), begun);
  await commitment(door, 'DISABLED');
  door.aheadMs = (daySeconds + 60) * 1_000;
  assert.deepEqual(await commitment(door), {
    Status: 'DISABLED',
    StartedAt: started,
    EndedAt: started + daySeconds,
  });
});

test("gateways that change an account's settings at once leave one commitment", async (t) => {
  const door = await stoppedDoor(t);
  const all = await Promise.all(Array.from({ length: 8 }, () => commitment(door, 'ENABLED')));
  assert.equal(new Set(all.map((each) => each['StartedAt'])).size, 1);
});

test('a warm throughput needs the commitment, and an on-demand stream', async (t) => {
  const door = await stoppedDoor(t);
  const name = `${door.name}-warm`;
  t.after(() => door.streams.delete(name).catch(() => {}));
  const mode = { StreamMode: 'ON_DEMAND' };
  const create = (StreamName: string, WarmThroughputMiBps: number) =>
    door.ask('CreateStream', { StreamName, StreamModeDetails: mode, WarmThroughputMiBps });
  const update = (StreamName: string, WarmThroughputMiBps: number) =>
    door.ask('UpdateStreamWarmThroughput', { StreamName, WarmThroughputMiBps });
  assert.equal((await create(name, 6))['__type'], 'ValidationException');
  await commitment(door, 'ENABLED');
  assert.equal((await update(door.name, 2))['__type'], 'ValidationException');
  assert.equal((await create(name, 10_241))['__type'], 'LimitExceededException');
  assert.equal(await create(name, 6), undefined);
  const summary = async (): Promise<Body> => {
    const answer = await door.ask('DescribeStreamSummary', { StreamName: name });
    return answer['StreamDescriptionSummary'] as Body;
  };
  const created = await summary();
  assert.equal(created['OpenShardCount'], 6);
  assert.deepEqual(created['WarmThroughput'], { TargetMiBps: 6, CurrentMiBps: 6 });
  const updated = await update(name, 5);
  assert.deepEqual(updated, {
    StreamARN: door.arn.replace(door.name, name),
    StreamName: name,
    WarmThroughput: { TargetMiBps: 5, CurrentMiBps: 5 },
  });
  assert.equal((await summary())['StreamStatus'], 'UPDATING');
  assert.equal((await update(name, 5))['__type'], 'ResourceInUseException');
  door.aheadMs = 1_000;
  await update(name, 0);
  assert.equal((await summary())['WarmThroughput'], undefined);
});

test('the mode of a stream is changed twice a day, and keeps its shards', async (t) => {
  const door = await stoppedDoor(t, 3);
  const change = (StreamMode: string, more: Body = {}) => {
    door.aheadMs += 1_000;
    const details = { StreamModeDetails: { StreamMode } };
    return door.ask('UpdateStreamMode', { StreamARN: door.arn, ...details, ...more });
  };
  const summary = async (): Promise<Body> => {
    const answer = await door.ask('DescribeStreamSummary', { StreamARN: door.arn });
    return answer['StreamDescriptionSummary'] as Body;
  };
  assert.equal(await change('ON_DEMAND'), undefined);
  const changed = await summary();
  assert.deepEqual(
    [changed['StreamStatus'], changed['StreamModeDetails'], changed['OpenShardCount']],
    ['UPDATING', { StreamMode: 'ON_DEMAND' }, 3],
  );
  const warm = { WarmThroughputMiBps: 2 };
  assert.equal((await change('PROVISIONED', warm))['__type'], 'ValidationException');
  assert.equal(await change('PROVISIONED'), undefined);
  assert.equal((await change('ON_DEMAND'))['__type'], 'LimitExceededException');
  door.aheadMs += daySeconds * 1_000;
  await commitment(door, 'ENABLED');
  assert.equal(await change('ON_DEMAND', warm), undefined);
  assert.deepEqual((await summary())['WarmThroughput'], { TargetMiBps: 2, CurrentMiBps: 2 });
});

test('an on-demand stream of an account with a commitment has up to fifty consumers', async (t) => {
  const door = await stoppedDoor(t);
  const register = async (name: string): Promise<unknown> => {
    door.aheadMs += 1_000;
    const named = { StreamARN: door.arn, ConsumerName: name };
    return (await door.ask('RegisterStreamConsumer', named))['__type'];
  };
  const details = { StreamModeDetails: { StreamMode: 'ON_DEMAND' } };
  await door.ask('UpdateStreamMode', { StreamARN: door.arn, ...details });
  for (let count = 0; count < 20; count += 1) await register(`c${count}`);
  assert.equal(await register('c20'), 'LimitExceededException');
  await commitment(door, 'ENABLED');
  for (let count = 20; count < 50; count += 1) {
    assert.equal(await register(`c${count}`), undefined);
  }
  assert.equal(await register('c50'), 'LimitExceededException');
});

test('limits are told with what is in use of them', async (t) => {
  const door = await stoppedDoor(t, 3);
  const name = `${door.name}-on-demand`;
  t.after(() => door.streams.delete(name).catch(() => {}));
  const mode = { StreamMode: 'ON_DEMAND' };
  await door.ask('CreateStream', { StreamName: name, StreamModeDetails: mode });
  assert.deepEqual(await door.ask('DescribeLimits', {}), {
    ShardLimit: 20_000,
    OpenShardCount: 7,
    OnDemandStreamCount: 1,
    OnDemandStreamCountLimit: 50,
  });
});

test('an account has fifty on-demand streams, and twenty thousand shards', async (t) => {
  const door = await stoppedDoor(t);
  const names = Array.from({ length: 49 }, (_, index) => `${door.name}-${index}`);
  const on = { StreamMode: 'ON_DEMAND' };
  // Rows that say so are enough, and no other topics are made for it.
  for (const name of names) await door.rows.create(streamRow(name, 1, 'ON_DEMAND'));
  const create = async (name: string, more: Body): Promise<Body> =>
    door.ask('CreateStream', { StreamName: `${door.name}-${name}`, ...more });
  const change = { StreamARN: door.arn, StreamModeDetails: on };
  assert.equal(await door.ask('UpdateStreamMode', change), undefined);
  const refused = await create('more', { StreamModeDetails: on });
  // hashicorp/terraform-provider-aws issue 38094 (2024).
  assert.deepEqual(refused, {
    __type: 'LimitExceededException',
    message:
      'This request would exceed the limit on the number of On-Demand streams for the account ' +
      `${account} in us-east-1. Current On-Demand streams count: 50. Limit: 50.`,
  });
  for (const name of ['large', 'larger']) {
    await door.rows.create(streamRow(`${door.name}-${name}`, 9_970, 'PROVISIONED'));
  }
  const { OpenShardCount: open } = await door.ask('DescribeLimits', {});
  assert.equal(open, 1 + 49 + 2 * 9_970);
  const over = await create('over', { ShardCount: 11 });
  assert.match(
    String(over['message']),
    /Current shard count for the account: 19990\. Limit: 20000\. Number of additional shards/,
  );
});
