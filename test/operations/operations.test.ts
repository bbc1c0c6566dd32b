import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { createMetrics } from '../../src/operations/metrics.ts';
import { createOperationsServer, type Probe } from '../../src/operations/server.ts';

async function startServer(t: TestContext, probes: readonly Probe[]) {
  const metrics = createMetrics('1.2.3');
  const server = createOperationsServer({
    host: '127.0.0.1',
    port: 0,
    registry: metrics.registry,
    probes,
    groups: { list: async () => [], show: async () => undefined },
    queues: { list: async () => [], show: async () => undefined },
  });
  const port = await server.start();
  t.after(() => server.stop());
  return { metrics, url: `http://127.0.0.1:${port}` };
}

test('/metrics shows requests, bytes, records, errors and connections of each door', async (t) => {
  const { metrics, url } = await startServer(t, []);
  const door = metrics.door('kinesis');
  door.connectionOpened();
  const put = { service: 'kinesis', operation: 'PutRecords', durationMs: 2 };
  door.request({ ...put, bytesIn: 100, bytesOut: 50, records: 7 });
  door.request({ ...put, service: 'firehose', bytesIn: 5, bytesOut: 5 });
  metrics.door('kafka').request({ operation: 'Produce', durationMs: 2, bytesIn: 3, bytesOut: 4 });
  metrics.limits.throttled('kinesis', 'PutRecords', 'provisioned', 2);
  metrics.limits.injected('firehose', 'PutRecords', 'InternalFailure', 1);
  door.request({
    ...put,
    error: 'ResourceNotFoundException',
    bytesIn: 1,
    bytesOut: 1,
  });
  door.refused('garbage');
  metrics.backing.call('kafka', 'Produce', 3, true);
  const response = await fetch(`${url}/metrics`);
  const text = await response.text();
  const labels = 'door="kinesis",service="kinesis",operation="PutRecords"';
  for (const line of [
    `kineska_request_duration_seconds_count{${labels}} 2`,
    `kineska_request_bytes_total{${labels}} 101`,
    `kineska_response_bytes_total{${labels}} 51`,
    `kineska_records_total{${labels}} 7`,
    `kineska_request_errors_total{${labels},error="ResourceNotFoundException"} 1`,
    'kineska_request_bytes_total{door="kinesis",service="firehose",operation="PutRecords"} 5',
    'kineska_request_bytes_total{door="kafka",service="kafka",operation="Produce"} 3',
    'kineska_throttled_total{service="kinesis",operation="PutRecords",owner="provisioned"} 2',
    'kineska_injected_faults_total{service="firehose",operation="PutRecords",' +
      'error="InternalFailure"} 1',
    'kineska_connections{door="kinesis"} 1',
    'kineska_refused_total{door="kinesis",reason="garbage"} 1',
    'kineska_backing_errors_total{engine="kafka",operation="Produce"} 1',
    'kineska_build_info{version="1.2.3"} 1',
  ]) {
    assert.ok(text.includes(line), `no line ${line}`);
  }
});

test('/healthz answers while an engine is away, and /readyz names the engine', async (t) => {
  const away: Probe = { name: 'kafka', check: () => Promise.reject(new Error('refused')) };
  const there: Probe = { name: 'dynamodb', check: () => Promise.resolve() };
  const { url } = await startServer(t, [away, there]);
  assert.equal((await fetch(`${url}/healthz`)).status, 200);
  const ready = await fetch(`${url}/readyz`);
  assert.equal(ready.status, 503);
  assert.deepEqual(await ready.json(), {
    status: 'not ready',
    missing: [{ engine: 'kafka', reason: 'refused' }],
  });
});

test('/readyz is 200 when every engine answers', async (t) => {
  const { url } = await startServer(t, [{ name: 'kafka', check: () => Promise.resolve() }]);
  assert.equal((await fetch(`${url}/readyz`)).status, 200);
});
