import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isGatewayError } from '../../../src/domain/errors.ts';
import { type WorkerCall, WorkerCalls } from '../../../src/gateway/workers/calls.ts';

type Call = WorkerCall<string, number>;

/** Workers in slots, whose messages are passed on as JSON, to those that are there. */
function workers(count: number) {
  const absent = new Set<number>();
  const each = Array.from({ length: count }, (_, slot) => {
    const passOn = (message: Call) => {
      const told = JSON.parse(JSON.stringify(message)) as Call;
      if (!absent.has(told.to)) each[told.to]!.take(told);
      else if (told.kind === 'ask') each[told.from]!.take({ kind: 'gone', slot: told.to });
    };
    const send = (message: Call) => void setImmediate(passOn, message);
    const answer = async (question: string) => question.length + 100 * slot;
    return new WorkerCalls<string, number>({ slot, send, answer });
  });
  return { each, absent };
}

const isUnavailable = (error: unknown) => isGatewayError(error, 'unavailable');

test('calls are answered by whom they are for, in whatever order', async () => {
  const { each } = workers(3);
  const asked = [each[0]!.ask(1, 'a'), each[0]!.ask(2, 'bc'), each[2]!.ask(1, 'def')];
  assert.deepEqual(await Promise.all(asked), [101, 202, 103]);
});

test('calls to one that is not there fail, and to one that has ended; others do not', async () => {
  const { each, absent } = workers(3);
  absent.add(1);
  const answered = each[0]!.ask(2, 'a');
  await assert.rejects(each[0]!.ask(1, 'a'), isUnavailable);
  assert.equal(await answered, 201);
  const silent = new WorkerCalls<string, number>({
    slot: 0,
    send: () => undefined,
    answer: async () => 0,
  });
  const lost = silent.ask(1, 'a');
  silent.take({ kind: 'gone', slot: 2 });
  silent.take({ kind: 'answer', id: 99, from: 1, to: 0, answer: 7 });
  silent.take({ kind: 'gone', slot: 1 });
  await assert.rejects(lost, isUnavailable);
});
