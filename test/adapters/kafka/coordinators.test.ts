import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Coordinators } from '../../../adapters/kafka/coordinators.ts';
import { errorCodes } from '../../../src/wire/errors.ts';
import { sharedEngines } from '../../support/engines.ts';
import { clusterAt } from '../../support/groups.ts';

const { kafkaBootstrap } = await sharedEngines();
const patience = { everyMs: 1, waitMsMax: 30_000 };
const { NONE, NOT_COORDINATOR, CONCURRENT_TRANSACTIONS, GROUP_ID_NOT_FOUND } = errorCodes;

/** Answers these codes one after the other, the last one forever; records which broker is asked. */
function answering(...codes: readonly number[]) {
  const nodes: number[] = [];
  const request = async (node: number) => {
    nodes.push(node);
    return codes[Math.min(nodes.length, codes.length) - 1]!;
  };
  return { nodes, request, codeOf: (code: number) => code };
}

for (const kind of ['group', 'transaction'] as const) {
  test(`the coordinator of a ${kind} is asked again while it moves`, async (t) => {
    const coordinators = new Coordinators(clusterAt(t, kafkaBootstrap), kind, patience);
    const moving = answering(NOT_COORDINATOR, NOT_COORDINATOR, NONE);
    assert.equal(await coordinators.ask('a-key', moving), NONE);
    assert.deepEqual(moving.nodes, [1, 1, 1], 'the only broker of the run');
  });
}

test('what is no move is an answer, unless it is waited out', async (t) => {
  const coordinators = new Coordinators(clusterAt(t, kafkaBootstrap), 'transaction', patience);
  const refused = answering(GROUP_ID_NOT_FOUND, NONE);
  assert.equal(await coordinators.ask('a-key', refused), GROUP_ID_NOT_FOUND);
  const busy = answering(CONCURRENT_TRANSACTIONS, NONE);
  const waitsFor = CONCURRENT_TRANSACTIONS;
  assert.equal(await coordinators.ask('a-key', { ...busy, waitsFor }), NONE);
});

test('after its time the last answer is given, and a failure is thrown at once', async (t) => {
  const brief = { everyMs: 1, waitMsMax: 0 };
  const coordinators = new Coordinators(clusterAt(t, kafkaBootstrap), 'group', brief);
  await coordinators.ask('a-key', answering(NONE));
  assert.equal(await coordinators.ask('a-key', answering(NOT_COORDINATOR)), NOT_COORDINATOR);
  const request = () => Promise.reject(new Error('no way'));
  await assert.rejects(coordinators.ask('a-key', { request, codeOf: () => NONE }), /no way/);
});
