/** Java's Admin: every call directly with the cluster, through the gateway, and on a stream. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  adminCallsAgainstRules,
  adminCallsRefused,
  adminCallsThatWork,
} from '../../docs/generator/admin-calls.ts';
import { adminProgram, installClients } from '../support/install.ts';
import { sharedEngines } from '../support/engines.ts';
import { startGateway } from '../support/gateway.ts';
import { createStream, newName } from '../support/doors.ts';

const [{ kafkaBootstrap }] = await Promise.all([sharedEngines(), installClients()]);

type Outcomes = ReadonlyMap<string, string>;

/** What each call came to, by its name and what is special about it. */
async function callAll(bootstrap: string, stream?: string): Promise<Outcomes> {
  const printed = await adminProgram([bootstrap, newName(), ...(stream ? [stream] : [])]);
  const lines = printed.split('\n').filter((line) => line.includes('\t'));
  return new Map(lines.map((line) => line.split('\t') as [string, string]));
}

/** By method: `works` where it did in any of its forms, else the error of the first. */
function byMethod(outcomes: Outcomes): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, outcome] of outcomes) {
    const [method = ''] = name.split(',');
    if (outcome.startsWith('ok ')) found[method] = 'works';
    else found[method] ??= outcome.split(':')[0]!;
  }
  return found;
}

const expected = {
  ...Object.fromEntries(adminCallsThatWork.map((name) => [name, 'works'])),
  ...adminCallsRefused,
};

test('every call of the Admin comes to the same directly and through the gateway', async (t) => {
  const gateway = await startGateway(t);
  const [direct, through] = await Promise.all([callAll(kafkaBootstrap), callAll(gateway.kafka)]);
  assert.deepEqual(byMethod(direct), expected);
  assert.deepEqual(Object.fromEntries(through), Object.fromEntries(direct));
  await t.test('on a stream all but what its rules forbid', async () => {
    const stream = await createStream(gateway.kinesis, 2);
    const onStream = await callAll(gateway.kafka, stream);
    const differing = [...onStream].filter(([name, outcome]) => direct.get(name) !== outcome);
    for (const [, outcome] of differing) assert.match(outcome, /^PolicyViolationException: /);
    const methods = new Set(differing.map(([name]) => name.split(',')[0]));
    assert.deepEqual([...methods].toSorted(), Object.keys(adminCallsAgainstRules).toSorted());
  });
});
