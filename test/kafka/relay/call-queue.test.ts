import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kafkaApis } from '../../../src/kafka/apis/index.ts';
import { CallQueue } from '../../../src/kafka/relay/call-queue.ts';

function apiOf(name: string) {
  const api = kafkaApis.find((each) => each.name === name);
  assert.ok(api);
  return api;
}

const produce = apiOf('Produce');
const metadata = apiOf('Metadata');
const listGroups = apiOf('ListGroups');

function headOf(correlationId: number, version = 9) {
  return { size: 0, key: 0, version, correlationId, clientId: 'a client' };
}

test('calls are answered in the order in which they came, however many there are', () => {
  const calls = new CallQueue();
  const answered: number[] = [];
  const shift = () => {
    answered.push(calls.first()!.head.correlationId);
    calls.shift();
  };
  for (let n = 0; n < 3_000; n++) {
    calls.expect(headOf(n), listGroups, undefined);
    // Two in three are answered while others come.
    if (n % 3 > 0) shift();
  }
  assert.equal(calls.length, 1_000);
  assert.equal(calls.at(0), calls.first());
  assert.equal(calls.at(999)?.head.correlationId, 2_999);
  assert.equal(calls.at(1_000), undefined);
  while (calls.length > 0) shift();
  assert.deepEqual(
    answered,
    Array.from({ length: 3_000 }, (_, n) => n),
  );
  assert.equal(calls.first(), undefined);
});

test('the hook of an API sees answers of the versions that it is for', () => {
  const calls = new CallQueue();
  const since = produce.responseHookSince;
  assert.ok(since !== undefined && since > 0);
  assert.equal(calls.expect(headOf(1, since), produce, 'a note').kind, 'hook');
  assert.equal(calls.expect(headOf(2, since - 1), produce, undefined).kind, 'relay');
  assert.equal(calls.expect(headOf(3, 0), metadata, undefined).kind, 'hook');
  assert.equal(calls.expect(headOf(4), listGroups, undefined).kind, 'relay');
  assert.equal(calls.first()?.note, 'a note');
});

test("the gateway's own calls stand among those of the client", () => {
  const calls = new CallQueue();
  const taken: Buffer[] = [];
  calls.expectOwn(headOf(1), metadata, (frame) => void taken.push(frame));
  assert.equal(calls.first()?.kind, 'own');
  calls.first()?.take?.(Buffer.from('answer'));
  assert.deepEqual(taken, [Buffer.from('answer')]);
});

test('whoever waits for Produce requests goes on when the last before it is answered', async () => {
  const calls = new CallQueue();
  await calls.whenProduced();
  calls.expect(headOf(1), produce, undefined);
  calls.expect(headOf(2), listGroups, undefined);
  calls.expect(headOf(3), produce, undefined);
  let isProduced = false;
  const waiting = calls.whenProduced().then(() => (isProduced = true));
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  for (const expected of [false, false]) {
    calls.shift();
    await settled();
    assert.equal(isProduced, expected);
  }
  calls.shift();
  await waiting;
  await calls.whenProduced();
});
