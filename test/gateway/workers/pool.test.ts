import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { GetRecordsCommand, GetShardIteratorCommand } from '@aws-sdk/client-kinesis';
import { createStream, kafkaClient, kinesisClient } from '../../support/doors.ts';
import { metricOf } from '../../kafka/bad-input.ts';
import { type Gateway, startGateway } from '../../support/gateway.ts';
import { untilTrue } from '../../support/until.ts';

const workers = 2;
const several = 8;
/** Connections at once, each for one call. */
const callers = 20;
const kills = 3;
/** A call takes milliseconds, or fails with the worker. */
const hangMs = 10_000;

const metricsOf = async ({ operations }: Gateway) => (await fetch(`${operations}/metrics`)).text();

function workersOf({ child }: Gateway): number[] {
  const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8');
  const pids = children.trim().split(' ').map(Number);
  return pids.filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('start'));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function put(kinesis: string, stream: string, data: string): Promise<Response> {
  return fetch(kinesis, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'Kinesis_20131202.PutRecord',
      authorization: 'AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/kinesis/aws4_request',
      connection: 'close',
    },
    body: JSON.stringify({
      StreamName: stream,
      PartitionKey: 'k',
      Data: Buffer.from(data).toString('base64'),
    }),
    signal: AbortSignal.timeout(hangMs),
  });
}

/** Its connection may end with the worker; it may not stay open without an answer. */
async function putOnce({ kinesis }: Gateway, stream: string): Promise<void> {
  try {
    const response = await put(kinesis, stream, 'meanwhile');
    await response.arrayBuffer();
  } catch (error) {
    assert.notEqual((error as Error).name, 'TimeoutError');
  }
}

/** Each call on a connection of its own, so that the workers take turns. */
async function putAndRead({ kinesis }: Gateway, stream: string, marker: string): Promise<void> {
  const shard = { StreamName: stream, ShardId: 'shardId-000000000000' };
  for (let index = 0; index < several; index++) {
    const response = await put(kinesis, stream, `${marker} ${index}`);
    assert.equal(response.status, 200, await response.text());
  }
  const [asking, reading] = [kinesisClient(kinesis), kinesisClient(kinesis)];
  const { ShardIterator } = await asking.send(
    new GetShardIteratorCommand({ ...shard, ShardIteratorType: 'TRIM_HORIZON' }),
  );
  const { Records } = await reading.send(new GetRecordsCommand({ ShardIterator }));
  const seen = (Records ?? []).map(({ Data }) => Buffer.from(Data!).toString());
  const own = seen.filter((each) => each.startsWith(marker));
  assert.deepEqual(
    own,
    Array.from({ length: several }, (_, index) => `${marker} ${index}`),
  );
  for (const client of [asking, reading]) client.destroy();
}

test('several workers behind the same ports', async (t) => {
  const settings = { KINESKA_WORKERS: String(workers) };
  const gateway = await startGateway(t, { settings });
  const stream = await createStream(gateway.kinesis, 1);

  await t.test('what one takes the others know, and /metrics adds them up', async () => {
    await putAndRead(gateway, stream, 'first');
    const producers = Array.from({ length: workers }, () => kafkaClient(gateway.kafka).producer());
    for (const producer of producers) {
      await producer.connect();
      await producer.send({ topic: stream, messages: [{ value: 'from kafka' }] });
      await producer.disconnect();
    }
    const text = await metricsOf(gateway);
    const count = (operation: string) =>
      metricOf(text, 'kineska_request_duration_seconds_count', `operation="${operation}"`);
    assert.equal(metricOf(text, 'kineska_workers'), workers);
    assert.equal(metricOf(text, 'kineska_build_info'), 1);
    assert.equal(count('PutRecord'), several);
    assert.equal(count('Produce'), workers);
  });

  await t.test('a worker that dies is replaced, and clients continue', async () => {
    const before = workersOf(gateway);
    assert.equal(before.length, workers);
    process.kill(before[0]!, 'SIGKILL');
    await untilTrue('another worker', async () => {
      const text = await metricsOf(gateway);
      const isReplaced = metricOf(text, 'kineska_worker_restarts') === 1;
      return isReplaced && metricOf(text, 'kineska_workers') === workers;
    });
    assert.ok(gateway.output().includes(`worker ${before[0]} ended (a worker ended with SIGKILL)`));
    await putAndRead(gateway, stream, 'second');
    assert.equal((await fetch(`${gateway.operations}/readyz`)).status, 200);
  });

  await t.test('no call hangs and none of metrics fails where workers are killed', async () => {
    const restarts = async () => metricOf(await metricsOf(gateway), 'kineska_worker_restarts');
    const before = await restarts();
    let isDone = false;
    const asking = Array.from({ length: callers }, async () => {
      while (!isDone) await putOnce(gateway, stream);
    });
    for (let kill = 1; kill <= kills; kill++) {
      process.kill(workersOf(gateway)[0]!, 'SIGKILL');
      await untilTrue('another worker', async () => {
        const text = await metricsOf(gateway);
        const isReplaced = metricOf(text, 'kineska_worker_restarts') === before + kill;
        return isReplaced && metricOf(text, 'kineska_workers') === workers;
      });
    }
    isDone = true;
    await Promise.all(asking);
  });

  await t.test('SIGINT ends all of them', async () => {
    const pids = workersOf(gateway);
    assert.equal(await gateway.stop(), 0);
    for (const pid of pids) assert.equal(isAlive(pid), false);
  });

  await t.test('they end when the first process is killed', async () => {
    const again = await gateway.again();
    const pids = workersOf(again);
    assert.equal(pids.length, workers);
    await again.kill9();
    for (const pid of pids) await untilTrue(`the end of ${pid}`, () => !isAlive(pid));
  });
});
