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

function headOf(correlationId: number, { key } = listGroups) {
  return { size: 0, key, version: 0, correlationId, clientId: 'a client' };
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

test('answers of an API with a hook for them are seen first', () => {
  const calls = new CallQueue();
  assert.equal(calls.expect(headOf(1), produce, 'a note').kind, 'hook');
  assert.equal(calls.expect(headOf(2), metadata, undefined).kind, 'hook');
  assert.equal(calls.expect(headOf(3), listGroups, undefined).kind, 'relay');
  const first = calls.first();
  assert.ok(first !== undefined && first.kind !== 'own');
  assert.equal(first.note, 'a note');
});

test("the gateway's own calls stand among those of the client", () => {
  const calls = new CallQueue();
  const taken: Buffer[] = [];
  calls.expectOwn(headOf(1), (frame) => void taken.push(frame));
  const first = calls.first();
  assert.ok(first?.kind === 'own');
  first.take(Buffer.from('answer'));
  assert.deepEqual(taken, [Buffer.from('answer')]);
});

test('a wait for requests of an API ends when the last one before it is answered', async () => {
  const calls = new CallQueue();
  await calls.whenAnswered(produce.key);
  calls.expect(headOf(1, produce), produce, undefined);
  calls.expect(headOf(2), listGroups, undefined);
  calls.expectOwn(headOf(3, produce), () => undefined);
  calls.expect(headOf(4), listGroups, undefined);
  let isAnswered = false;
  const waiting = calls.whenAnswered(produce.key).then(() => (isAnswered = true));
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  for (const expected of [false, false]) {
    calls.shift();
    await settled();
    assert.equal(isAnswered, expected);
  }
  calls.shift();
  await waiting;
  assert.equal(calls.length, 1);
  await calls.whenAnswered(produce.key);
});
