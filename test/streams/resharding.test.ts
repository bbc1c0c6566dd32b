import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { hashKeyMax } from '../../src/domain/streams/hash-key.ts';
import { partitionsWanted, uniformRound } from '../../src/domain/streams/reshard.ts';
import { GatewayError } from '../../src/domain/errors.ts';
import type { StreamCatalog } from '../../src/ports/stream-catalog.ts';
import { type Gateway, openGateway } from '../support/gateways.ts';
import {
  assertNothingStranded,
  readLineage,
  readShards,
  writeUntil,
} from '../support/checks/lineage.ts';
import { merge, openShards, scale, split, untilActive } from '../support/resharding.ts';

const writers = 8;
test('under eight writers through two gateways no record is stranded or repeated', async (t) => {
  const table = `catalog-${randomUUID()}`;
  const gateways = [await openGateway(t, table), await openGateway(t, table)];
  const [one, other] = gateways as [Gateway, Gateway];
  const name = `reshard-${randomUUID()}`;
  await one.create(name, 2);
  const stop = new AbortController();
  const writing = Array.from({ length: writers }, (_, nth) =>
    writeUntil(gateways[nth % 2]!, name, nth, stop.signal),
  );
  const reading = readLineage(other, name, stop.signal);
  const steps = [
    () => split(one, name),
    () => scale(other, name, 2),
    () => merge(one, name),
    () => split(other, name),
    () => scale(one, name, 4),
    () => scale(other, name, 3),
  ];
  for (const step of steps) {
    await step();
    await untilActive(one, name);
  }
  stop.abort();
  const writes = (await Promise.all(writing)).flat();
  assert.ok(writes.length > 100);
  assertNothingStranded(writes, await reading);
  const ids = (await openShards(other, name)).map(({ ShardId }) => ShardId);
  assert.equal(ids.length, 3);
});

test('records that are spread without keys outlive splits and merges', async (t) => {
  const table = `catalog-${randomUUID()}`;
  const gateways = [await openGateway(t, table), await openGateway(t, table)];
  const [one, other] = gateways as [Gateway, Gateway];
  const name = `spread-${randomUUID()}`;
  await one.create(name, 2);
  await one.streams.change(name, (stream) => ({
    ...stream,
    mode: 'ON_DEMAND',
    settings: { distribution: 'AUTO' },
  }));
  const stop = new AbortController();
  const written: string[] = [];
  const write = async (gateway: Gateway, writer: number): Promise<void> => {
    for (let number = 0; !stop.signal.aborted; number++) {
      const texts = Array.from({ length: 40 }, (_, nth) => `${writer}-${number}-${nth}`);
      const Records = texts.map((text) => ({ Data: Buffer.from(text).toString('base64') }));
      const answer = await gateway.ask('PutRecords', { StreamName: name, Records });
      assert.equal(answer['FailedRecordCount'], 0, JSON.stringify(answer).slice(0, 500));
      written.push(...texts);
    }
  };
  // The view of the other gateway knows the strategy before it writes.
  await other.streams.findNow(name);
  const writing = gateways.flatMap((gateway, nth) => [
    write(gateway, 2 * nth),
    write(gateway, 2 * nth + 1),
  ]);
  for (const target of [4, 8, 3, 1, 2]) {
    await one.reshardings.begin(name, (now) => ({ round: uniformRound(now, target), target }));
    await untilActive(one, name);
  }
  stop.abort();
  await Promise.all(writing);
  assert.equal((await openShards(one, name)).length, 2);
  const read = await readShards(other, name);
  assert.ok(written.length > 400);
  assert.deepEqual(read.map(({ value }) => value).toSorted(), written.toSorted());
  for (const { key } of read) assert.equal(key, undefined);
});

for (const held of ['before it is written', 'after it was written'] as const) {
  test(`a put that is held ${held} while its shard is split is read once`, async (t) => {
    const table = `catalog-${randomUUID()}`;
    let arrived: () => void = () => {};
    let release: () => void = () => {};
    const arrival = new Promise<void>((resolve) => (arrived = resolve));
    const released = new Promise<void>((resolve) => (release = resolve));
    let holds = 1;
    const slow = await openGateway(t, table, {
      appendsOf: (log) => async (where, records) => {
        const holding = holds-- > 0;
        if (holding) arrived();
        if (holding && held === 'before it is written') await released;
        const appended = await log.append(where, records);
        if (holding) arrived();
        if (holding && held === 'after it was written') await released;
        return appended;
      },
    });
    const other = await openGateway(t, table);
    const name = `held-${randomUUID()}`;
    await other.create(name, 1);
    const records = ['a', 'b', 'c', 'd'].map((key, nth) => ({
      PartitionKey: key,
      Data: Buffer.from(String(nth)).toString('base64'),
    }));
    const putting = slow.ask('PutRecords', { StreamName: name, Records: records });
    await arrival;
    await split(other, name);
    await untilActive(other, name);
    release();
    const results = (await putting)['Records'] as { ShardId: string; SequenceNumber: string }[];
    const inParent = results.filter(({ ShardId }) => ShardId === 'shardId-000000000000').length;
    assert.equal(inParent, held === 'before it is written' ? 0 : records.length);
    const writes = results.map(({ ShardId, SequenceNumber }, nth) => ({
      key: records[nth]!.PartitionKey,
      number: nth,
      place: `${ShardId} ${SequenceNumber}`,
    }));
    for (const gateway of [slow, other]) {
      assertNothingStranded(writes, await readLineage(gateway, name, AbortSignal.abort()));
    }
  });
}

/** Dies at the nth change of a stream that is being resharded. */
function dyingCatalog(catalog: StreamCatalog, changes: number): StreamCatalog {
  let left = changes;
  let dead = false;
  const alive = <T>(work: () => Promise<T>): Promise<T> =>
    dead ? Promise.reject(new GatewayError('unavailable', 'this gateway is dead')) : work();
  return {
    get: (name, known) => alive(() => catalog.get(name, known)),
    list: () => alive(() => catalog.list()),
    create: (stream) => alive(() => catalog.create(stream)),
    replace: (before, after) =>
      alive(() => {
        if (before.resharding !== undefined || after.resharding !== undefined) left -= 1;
        dead = left < 0;
        return alive(() => catalog.replace(before, after));
      }),
    remove: (stream) => alive(() => catalog.remove(stream)),
    secret: () => catalog.secret(),
  };
}

for (const changes of [1, 2]) {
  test(`a gateway that dies after ${changes} of 3 changes is replaced by another`, async (t) => {
    const table = `catalog-${randomUUID()}`;
    const dying = await openGateway(t, table, {
      catalogOf: (catalog) => dyingCatalog(catalog, changes),
    });
    const other = await openGateway(t, table);
    const name = `taken-over-${randomUUID()}`;
    await other.create(name, 1);
    const stop = new AbortController();
    const writing = writeUntil(other, name, 0, stop.signal);
    await split(dying, name);
    await untilActive(other, name);
    stop.abort();
    const writes = await writing;
    assertNothingStranded(writes, await readLineage(other, name, stop.signal));
    assert.equal((await openShards(other, name)).length, 2);
  });
}

/** Has room for so many shards that a stream ever had. */
function smallCatalog(catalog: StreamCatalog, shardsMax: number): StreamCatalog {
  return {
    get: catalog.get.bind(catalog),
    list: catalog.list.bind(catalog),
    create: catalog.create.bind(catalog),
    async replace(before, after) {
      if (partitionsWanted(after) > shardsMax) throw new GatewayError('limit-exceeded', 'full');
      await catalog.replace(before, after);
    },
    remove: catalog.remove.bind(catalog),
    secret: catalog.secret.bind(catalog),
  };
}

test('a stream whose shards have no room for another round is ACTIVE after the last', async (t) => {
  const gateway = await openGateway(t, `catalog-${randomUUID()}`, {
    catalogOf: (catalog) => smallCatalog(catalog, 6),
  });
  const name = `full-${randomUUID()}`;
  await gateway.create(name, 2);
  const stop = new AbortController();
  const writing = writeUntil(gateway, name, 0, stop.signal);
  // Four shards first, which are then to be merged to three.
  await scale(gateway, name, 3);
  await untilActive(gateway, name);
  assert.equal((await openShards(gateway, name)).length, 4);
  const [shard] = await openShards(gateway, name);
  const refused = await gateway.ask('SplitShard', {
    StreamName: name,
    ShardToSplit: shard!.ShardId,
    NewStartingHashKey: '500',
  });
  assert.equal(refused['__type'], 'LimitExceededException');
  stop.abort();
  assertNothingStranded(await writing, await readLineage(gateway, name, stop.signal));
});

test('a stream that is deleted while it is resharded is gone', async (t) => {
  const gateway = await openGateway(t, `catalog-${randomUUID()}`);
  const name = `deleted-${randomUUID()}`;
  await gateway.create(name, 1);
  await split(gateway, name);
  await gateway.streams.delete(name);
  const answer = await gateway.ask('DescribeStreamSummary', { StreamName: name });
  assert.equal(answer['__type'], 'ResourceNotFoundException');
  await gateway.create(name, 1);
  const [shard] = await openShards(gateway, name);
  assert.equal(shard?.HashKeyRange.EndingHashKey, String(hashKeyMax));
  await gateway.streams.delete(name);
});

test('a closed shard ends with its children, and LATEST of it is its end', async (t) => {
  const gateway = await openGateway(t, `catalog-${randomUUID()}`);
  const name = `closed-${randomUUID()}`;
  await gateway.create(name, 1);
  await split(gateway, name);
  // While it is UPDATING it takes records, and no other change of its shards.
  const put = { StreamName: name, PartitionKey: 'k', Data: Buffer.from('x').toString('base64') };
  assert.equal((await gateway.ask('PutRecord', put))['ShardId'], 'shardId-000000000000');
  const again = await gateway.ask('SplitShard', {
    StreamName: name,
    ShardToSplit: 'shardId-000000000000',
    NewStartingHashKey: '500',
  });
  assert.equal(again['__type'], 'ResourceInUseException');
  await untilActive(gateway, name);
  assert.notEqual((await gateway.ask('PutRecord', put))['ShardId'], 'shardId-000000000000');
  for (const [type, count] of Object.entries({ TRIM_HORIZON: 1, LATEST: 0 })) {
    const { ShardIterator } = await gateway.ask('GetShardIterator', {
      StreamName: name,
      ShardId: 'shardId-000000000000',
      ShardIteratorType: type,
    });
    const answer = await gateway.ask('GetRecords', { ShardIterator });
    assert.equal((answer['Records'] as unknown[]).length, count);
    assert.equal(answer['NextShardIterator'], undefined);
    const children = answer['ChildShards'] as { ShardId: string; ParentShards: string[] }[];
    assert.deepEqual(
      children.map(({ ShardId, ParentShards }) => [ShardId, ParentShards]),
      [
        ['shardId-000000000001', ['shardId-000000000000']],
        ['shardId-000000000002', ['shardId-000000000000']],
      ],
    );
  }
});
