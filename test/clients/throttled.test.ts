/** Rates as they are by default, and clients that live with them by their own retries. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sharedEngines } from '../support/engines.ts';
import { startGateway } from '../support/gateway.ts';
import { installClients, python, run } from '../support/install.ts';
import { createStream } from '../support/doors.ts';

await Promise.all([sharedEngines(), installClients()]);

const limited = { settings: { KINESKA_LIMITS: 'aws' } };

test('boto3 puts and reads through throttling by its own retries, in order', async (t) => {
  const { kinesis, operations } = await startGateway(t, limited);
  const stream = await createStream(kinesis, 1);
  const seen = await run(await python(), ['test/clients/python/throttled.py', kinesis, stream]);
  const { refused, ...rest } = JSON.parse(seen) as { refused: string };
  assert.ok(
    refused.includes(
      `Rate exceeded for shard shardId-000000000000 in stream ${stream} under account ` +
        '000000000000.',
    ),
    refused,
  );
  assert.deepEqual(rest, {
    codes: ['ProvisionedThroughputExceededException'],
    patient: true,
    many: true,
    retried: [true, true, true],
  });
  const metrics = await (await fetch(`${operations}/metrics`)).text();
  for (const operation of ['PutRecord', 'PutRecords', 'GetRecords']) {
    const labels = `service="kinesis",operation="${operation}",owner="provisioned"`;
    assert.match(metrics, new RegExp(`^kineska_throttled_total{${labels}} [1-9]`, 'm'));
  }
});
