/** The example of a hand-over from KCL 3 to a Kafka group, which takes its time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sharedEngines } from '../support/engines.ts';
import { installClients } from '../support/install.ts';
import { examples, isLong, runExamples } from './examples.ts';

await Promise.all([sharedEngines(), installClients()]);

test('a KCL application hands over to the Kafka group of its name', async (t) => {
  const long = examples.filter(isLong);
  assert.equal(long.length, 1, 'the page has lost the example with KCL');
  await runExamples(t, long);
});
