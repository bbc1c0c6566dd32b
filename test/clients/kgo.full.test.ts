/** franz-go's own tests of its package kgo, directly with the cluster and through the gateway. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sharedEngines } from '../support/engines.ts';
import { startGateway } from '../support/gateway.ts';
import { kgoTests } from '../support/install.ts';

const { kafkaBootstrap } = await sharedEngines();

const runTimeoutMs = 360_000;
const timeout = 880_000;
/** So many as there are at least of release 1.22.2; of them 15 or so need a cluster. */
const passedMin = 140;

/** One broker, and less to write than the half a million records that its authors write. */
const environment = {
  KGO_TEST_RF: '1',
  KGO_TEST_RECORDS: '20000',
  KGO_TEST_MAX_TOPIC_PARTS: '7',
};

/** What came of each test, by name: `PASS`, `FAIL` or `SKIP`. */
async function outcomes(seeds: string, names?: readonly string[]): Promise<Map<string, string>> {
  const chosen = names === undefined ? [] : ['-test.run', `^(${names.join('|')})$`];
  const printed = await kgoTests(
    ['-test.v', '-test.parallel', '4', '-test.timeout', `${runTimeoutMs - 10_000}ms`, ...chosen],
    { environment: { ...environment, KGO_SEEDS: seeds }, timeoutMs: runTimeoutMs },
  );
  const lines = printed.matchAll(/^--- (PASS|FAIL|SKIP): (\w+)/gm);
  return new Map(Array.from(lines, ([, outcome = '', name = '']) => [name, outcome]));
}

const passed = (found: ReadonlyMap<string, string>) =>
  [...found.keys()].filter((name) => found.get(name) === 'PASS');

test("franz-go's own tests that pass directly pass through the gateway", { timeout }, async (t) => {
  const { kafka } = await startGateway(t);
  const direct = passed(await outcomes(kafkaBootstrap));
  assert.ok(direct.length >= passedMin, `only ${direct.length} passed with the cluster itself`);
  const through = await outcomes(kafka);
  const failed = direct.filter((name) => through.get(name) !== 'PASS');
  t.diagnostic(`${direct.length} passed directly, ${passed(through).length} through the gateway`);
  // Their own deadlines are short for a busy machine: one that failed has another try, alone.
  const again = failed.length === 0 ? new Map<string, string>() : await outcomes(kafka, failed);
  assert.deepEqual(
    failed.filter((name) => again.get(name) !== 'PASS'),
    [],
  );
});
