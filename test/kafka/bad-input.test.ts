import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startKafkaDoor } from '../support/kafka-door.ts';
import { untilTrue } from '../support/until.ts';
import { badInputs, certainReasons, metricOf, sendAll, startSteadyClient } from './bad-input.ts';

const seed = 20_261_123;
const frames = 1_500;
const connectionsAtOnce = 30;

test('a client is not affected by others that send garbage', async (t) => {
  const door = await startKafkaDoor(t);
  const metrics = () => door.metrics.registry.metrics();
  const connections = async () => metricOf(await metrics(), 'kineska_connections', 'door="kafka"');
  const client = await startSteadyClient(t, door.bootstrap);
  const before = await connections();
  const sent = await sendAll(door.port, badInputs(seed, frames), connectionsAtOnce);
  const { seen, problems } = await client.stop();
  assert.deepEqual(problems, []);
  assert.ok(seen > 0);
  for (const reason of certainReasons) {
    const counted = metricOf(await metrics(), 'kineska_refused_total', `reason="${reason}"`);
    const certain = sent.refused.get(reason) ?? 0;
    assert.ok(certain > 0 && counted >= certain, `${reason}: ${counted} of ${certain}`);
  }
  await untilTrue('all connections closed', async () => (await connections()) <= before);
});
