import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { untilTrue } from '../support/until.ts';
import { badInputs, certainReasons, metricOf, sendAll, startSteadyClient } from './bad-input.ts';

const seed = 50_000;
const frames = 50_000;
/** What the gateway needs to have done before its memory is compared. */
const warmUpFrames = 10_000;
const connectionsAtOnce = 200;
/** The heap is cleaned when it is worth the while, so it never is exactly where it was. */
const leftBytesMax = 24 * 1024 * 1024;
const residentLeftBytesMax = 48 * 1024 * 1024;
const settleMsMax = 120_000;

test('50,000 frames of garbage, by 200 connections, leave nothing', async (t) => {
  const gateway = await startGateway(t);
  const port = Number(gateway.kafka.split(':')[1]);
  const metrics = async () => (await fetch(`${gateway.operations}/metrics`)).text();
  const read = async () => {
    const text = await metrics();
    const heap = metricOf(text, 'kineska_nodejs_heap_size_used_bytes');
    return {
      connections: metricOf(text, 'kineska_connections', 'door="kafka"'),
      used: heap + metricOf(text, 'kineska_nodejs_external_memory_bytes'),
      resident: metricOf(text, 'kineska_process_resident_memory_bytes'),
    };
  };
  const refused = async (reason: string) =>
    metricOf(await metrics(), 'kineska_refused_total', `reason="${reason}"`);

  const client = await startSteadyClient(t, gateway.kafka);
  const { connections } = await read();
  await sendAll(port, badInputs(seed + 1, warmUpFrames), connectionsAtOnce);
  const before = await read();
  const refusedBefore = new Map<string, number>();
  for (const reason of certainReasons) refusedBefore.set(reason, await refused(reason));

  const sent = await sendAll(port, badInputs(seed, frames), connectionsAtOnce);
  for (const reason of certainReasons) {
    const counted = (await refused(reason)) - refusedBefore.get(reason)!;
    const certain = sent.refused.get(reason) ?? 0;
    assert.ok(certain > 0 && counted >= certain, `${reason}: ${counted} of ${certain}`);
  }
  // The client continues meanwhile, which gives the garbage collector a reason to run.
  let after = await read();
  const settled = async () => {
    after = await read();
    return (
      after.connections <= connections &&
      after.used <= before.used + leftBytesMax &&
      after.resident <= before.resident + residentLeftBytesMax
    );
  };
  await untilTrue('memory as it was before', settled, settleMsMax).finally(() => {
    t.diagnostic(`${sent.connections} connections, before ${JSON.stringify(before)}`);
    t.diagnostic(`after ${JSON.stringify(after)}`);
  });
  const { seen, problems } = await client.stop();
  assert.deepEqual(problems, []);
  t.diagnostic(`${seen} records verified meanwhile`);
  assert.ok(seen > 0);
});
