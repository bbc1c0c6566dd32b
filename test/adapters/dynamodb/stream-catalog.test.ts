import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { connect, createServer, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { Database } from '../../../adapters/dynamodb/database.ts';
import { openStreamCatalog } from '../../../adapters/dynamodb/stream-catalog.ts';
import { activated, newStream } from '../../../src/domain/streams/stream-rules.ts';
import { begun, uniformRound } from '../../../src/domain/streams/reshard.ts';
import { type HashKey, type Stream, toOffset } from '../../../src/domain/streams/stream.ts';
import { isGatewayError } from '../../../src/domain/errors.ts';
import type { StreamCatalog } from '../../../src/ports/stream-catalog.ts';
import { sharedEngines } from '../../support/engines.ts';

const { dynamodbEndpoint } = await sharedEngines();
const nowMs = 1_795_000_000_000;

async function openCatalog(
  t: TestContext,
  table = `catalog-${randomUUID()}`,
  endpoint?: string,
): Promise<StreamCatalog> {
  const database = await Database.open({
    endpoint: endpoint ?? dynamodbEndpoint,
    region: 'us-east-1',
  });
  t.after(() => database.close());
  return openStreamCatalog(database, table);
}

function streamOf(name: string, shardCount = 2): Stream {
  const tags = { 'a.b': '', 'kept as it is': 'ä=/@' };
  return newStream({ name, shardCount, mode: 'PROVISIONED', tags }, nowMs);
}

function changed(stream: Stream, change: Partial<Stream>): Stream {
  return { ...stream, ...change, version: stream.version + 1 };
}

const conflict = (error: unknown): boolean => isGatewayError(error, 'conflict');
const unavailable = (error: unknown): boolean => isGatewayError(error, 'unavailable');

test('a stream is read as it was stored, from a table that is made on first use', async (t) => {
  const catalog = await openCatalog(t);
  assert.equal(await catalog.get('orders'), undefined);
  assert.deepEqual(await catalog.list(), []);
  const stream = streamOf('orders');
  await catalog.create(stream);
  assert.deepEqual(await catalog.get('orders'), stream);
});

test('a missing table and a condition that does not hold are no failed calls', async (t) => {
  const calls: { operation: string; failed: boolean }[] = [];
  const database = await Database.open({
    endpoint: dynamodbEndpoint,
    region: 'us-east-1',
    observer: { call: (_engine, operation, _ms, failed) => calls.push({ operation, failed }) },
  });
  t.after(() => database.close());
  const catalog = await openStreamCatalog(database, `catalog-${randomUUID()}`);
  await catalog.create(streamOf('orders'));
  await assert.rejects(catalog.create(streamOf('orders')), conflict);
  assert.ok(calls.length > 2);
  assert.deepEqual(
    calls.filter(({ failed }) => failed),
    [],
  );
});

test('shards keep their parents and where they end', async (t) => {
  const catalog = await openCatalog(t);
  const before = streamOf('orders');
  await catalog.create(before);
  const [first, second] = before.shards;
  const closed = { endOffset: toOffset((1n << 62n) + 1n), closedAtMs: nowMs + 5 };
  const after = changed(before, {
    shards: [
      { ...first!, closed },
      { ...second!, closed },
      {
        index: 2,
        startingHashKey: 0n as HashKey,
        endingHashKey: second!.endingHashKey,
        createdAtSeconds: 1_795_000_001,
        parentIndex: 0,
        adjacentParentIndex: 1,
      },
    ],
  });
  await catalog.replace(before, after);
  assert.deepEqual(await catalog.get('orders'), after);
});

test('a name is taken once', async (t) => {
  const catalog = await openCatalog(t);
  const results = await Promise.allSettled([
    catalog.create(streamOf('orders')),
    catalog.create(streamOf('orders')),
    catalog.create(streamOf('orders')),
  ]);
  const failed = results.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
  assert.equal(failed.length, 2);
  assert.equal(failed.every(conflict), true);
});

test('of two changes of one version one wins', async (t) => {
  const catalog = await openCatalog(t);
  const before = streamOf('orders');
  await catalog.create(before);
  await catalog.replace(before, changed(activated(before, 'log'), {}));
  await assert.rejects(catalog.replace(before, changed(before, { tags: {} })), conflict);
  await assert.rejects(catalog.remove(before), conflict);
  assert.equal((await catalog.get('orders'))?.logId, 'log');
});

test('a change of a stream that was removed and made again is refused', async (t) => {
  const catalog = await openCatalog(t);
  const former = streamOf('orders');
  await catalog.create(former);
  await catalog.remove(former);
  assert.equal(await catalog.get('orders'), undefined);
  const again = { ...streamOf('orders', 1), createdAtMs: nowMs + 1000 };
  await catalog.create(again);
  await assert.rejects(catalog.replace(former, changed(former, {})), conflict);
  await assert.rejects(catalog.remove(former), conflict);
  assert.deepEqual(await catalog.get('orders'), again);
});

test('a stream takes the place of one with more shards', async (t) => {
  const catalog = await openCatalog(t);
  const former = streamOf('orders', 1_000);
  await catalog.create(former);
  const after = { ...streamOf('orders', 3), createdAtMs: nowMs + 1000, version: 2 };
  await catalog.replace(former, after);
  assert.deepEqual(await catalog.get('orders'), after);
});

test('a stream of 10,000 shards comes and goes as a whole', async (t) => {
  const catalog = await openCatalog(t);
  const stream = streamOf('large', 10_000);
  await catalog.create(stream);
  assert.deepEqual(await catalog.get('large'), stream);
  const after = changed(stream, { tags: { one: 'more' } });
  await catalog.replace(stream, after);
  assert.deepEqual(await catalog.get('large'), after);
  await catalog.remove(after);
  assert.equal(await catalog.get('large'), undefined);
});

test('more shards than rows can hold are refused before anything is stored', async (t) => {
  const catalog = await openCatalog(t);
  await assert.rejects(catalog.create(streamOf('huge', 20_000)), (error) =>
    isGatewayError(error, 'limit-exceeded'),
  );
  assert.equal(await catalog.get('huge'), undefined);
});

test('a round that leads to more shards than rows hold is refused when it begins', async (t) => {
  const catalog = await openCatalog(t);
  const stream = streamOf('wide', 9_000);
  await catalog.create(stream);
  const round = begun(stream, uniformRound(stream, 18_000)!, 18_000);
  const refused = catalog.replace(stream, { ...round, version: stream.version + 1 });
  await assert.rejects(refused, (error) => isGatewayError(error, 'limit-exceeded'));
  assert.deepEqual(await catalog.get('wide'), stream);
  await catalog.remove(stream);
});

test('a known stream that is stored unchanged is returned as the same object', async (t) => {
  const catalog = await openCatalog(t);
  const stream = streamOf('orders');
  await catalog.create(stream);
  assert.equal(await catalog.get('orders', stream), stream);
  const after = changed(stream, { retentionHours: 48 });
  await catalog.replace(stream, after);
  assert.deepEqual(await catalog.get('orders', stream), after);
});

test('a reader beside a writer never sees half a change', async (t) => {
  const catalog = await openCatalog(t);
  let stream = streamOf('busy', 600);
  await catalog.create(stream);
  let writing = true;
  const reading = (async () => {
    let seen = 0;
    for (; writing; seen += 1) {
      const read = await catalog.get('busy');
      const seconds = new Set(read!.shards.map(({ createdAtSeconds }) => createdAtSeconds));
      assert.deepEqual([...seconds], [nowMs / 1000 + read!.version - 1]);
    }
    return seen;
  })();
  for (let round = 1; round <= 25; round += 1) {
    const createdAtSeconds = nowMs / 1000 + round;
    const shards = stream.shards.map((shard) => ({ ...shard, createdAtSeconds }));
    const after = changed(stream, { shards });
    await catalog.replace(stream, after);
    stream = after;
  }
  writing = false;
  assert.equal((await reading) > 0, true);
});

test('what the owner set is kept byte for byte, and by no later stream', async (t) => {
  const catalog = await openCatalog(t);
  const stream = streamOf('orders');
  await catalog.create(stream);
  const policy = '{ "Version": "2012-10-17",\n"Statement":[] , "é\\u00e9\\\\": ""}\ud800';
  const consumer = { name: 'app', createdAtMs: nowMs, tags: { 'a.b': 'c' }, policy: '{"a":"é"}' };
  const after = changed(stream, {
    consumers: [consumer],
    updatingUntilMs: nowMs + 500,
    settings: {
      metrics: ['IncomingBytes'],
      encryption: [{ atMs: nowMs, keyId: 'alias/aws/kinesis' }, { atMs: nowMs + 1 }],
      policy,
    },
  });
  await catalog.replace(stream, after);
  assert.deepEqual(await catalog.get('orders'), after);
  const [listed] = await catalog.list();
  assert.equal(listed?.updatingUntilMs, nowMs + 500);
  const adopted = { ...streamOf('orders'), logId: 'another', version: after.version + 1 };
  await catalog.replace(after, adopted);
  assert.deepEqual(await catalog.get('orders'), adopted);
});

test('listing orders streams by name, and says what they are', async (t) => {
  const catalog = await openCatalog(t);
  for (const name of ['b', 'a.2', 'a-1', 'B', 'a_3']) await catalog.create(streamOf(name));
  const listed = await catalog.list();
  assert.deepEqual(
    listed.map(({ name }) => name),
    ['B', 'a-1', 'a.2', 'a_3', 'b'],
  );
  const { name, logId, rules, status, mode, createdAtMs, version } = streamOf('B');
  assert.deepEqual(listed[0], {
    ...{ name, logId, rules, status, mode, createdAtMs, version },
    openShardCount: 2,
  });
});

test('gateways that start at once share one table and one secret', async (t) => {
  const table = `catalog-${randomUUID()}`;
  const gateways = await Promise.all([1, 2, 3].map(() => openCatalog(t, table)));
  const secrets = await Promise.all(gateways.map((each) => each.secret()));
  assert.equal(secrets[0]!.length, 32);
  assert.equal(new Set(secrets.map((each) => each.toString('hex'))).size, 1);
  assert.deepEqual(await (await openCatalog(t, table)).secret(), secrets[0]);
});

test('a catalog that is away is unavailable, and comes back by itself', async (t) => {
  const line = await openLine(t, new URL(dynamodbEndpoint));
  const catalog = await openCatalog(t, undefined, line.endpoint);
  await assert.rejects(catalog.get('orders'), (error) => {
    assert.equal((error as Error).cause instanceof Error, true);
    return unavailable(error);
  });
  await line.connect();
  await catalog.create(streamOf('orders'));
  await line.cut();
  await assert.rejects(catalog.get('orders'), unavailable);
  await line.connect();
  assert.deepEqual(await catalog.get('orders'), streamOf('orders'));
});

/** A line to the real DynamoDB Local that can be cut; nothing listens until it is connected. */
async function openLine(t: TestContext, to: URL) {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(Number(to.port), to.hostname);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => sockets.delete(one));
    }
  });
  const listen = (port: number): Promise<void> =>
    new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  const cut = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  await listen(0);
  const { port } = server.address() as { port: number };
  await cut();
  t.after(() => cut());
  return { endpoint: `http://127.0.0.1:${port}`, connect: () => listen(port), cut };
}
