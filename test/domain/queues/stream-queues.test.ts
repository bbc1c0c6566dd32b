import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isGatewayError } from '../../../src/domain/errors.ts';
import { queuesOf, withoutQueue, withQueue } from '../../../src/domain/queues/stream-queues.ts';
import { withConsumer } from '../../../src/domain/streams/consumers.ts';
import { activated, newStream } from '../../../src/domain/streams/stream-rules.ts';
import { withMode } from '../../../src/domain/streams/stream-settings.ts';
import type { Stream, StreamMode } from '../../../src/domain/streams/stream.ts';

const nowMs = 1_795_000_000_123;
const isLimit = (error: unknown) => isGatewayError(error, 'limit-exceeded');

function streamOf(mode: StreamMode = 'ON_DEMAND'): Stream {
  return activated(newStream({ name: 'orders', shardCount: 2, mode }, nowMs), 'its-topic');
}

const queueOf = (id: string) => ({ id, name: `name-of-${id}` });

test('a stream keeps its queues by id, each once, and loses them without a trace', () => {
  const stream = streamOf();
  const two = withQueue(withQueue(stream, queueOf('b')), queueOf('a'));
  assert.deepEqual(queuesOf(two), [queueOf('a'), queueOf('b')]);
  assert.equal(withQueue(two, queueOf('a')), two);
  assert.equal(withoutQueue(two, 'c'), two);
  const none = withoutQueue(withoutQueue(two, 'a'), 'b');
  assert.deepEqual(queuesOf(none), []);
  assert.ok(!('queues' in (none.settings ?? {})));
});

/** Source: "Quotas and limits for queues", Kinesis Data Streams developer guide. */
test('queues and registered consumers share one limit', () => {
  const consumedAtMs = (index: number) => nowMs + index * 1_000;
  for (const max of [20, 50]) {
    let stream = streamOf();
    for (let index = 0; index < max; index += 2) {
      stream = withQueue(stream, queueOf(`q${index}`), max);
      stream = withConsumer(stream, `c${index}`, {}, consumedAtMs(index), max);
    }
    assert.throws(() => withQueue(stream, queueOf('more'), max), isLimit);
    assert.throws(() => withConsumer(stream, 'more', {}, consumedAtMs(max), max), isLimit);
    const less = withoutQueue(stream, 'q0');
    assert.equal(queuesOf(withQueue(less, queueOf('more'), max)).length, max / 2);
  }
});

test('only streams that are there, and on-demand, get queues, and with queues they stay so', () => {
  for (const status of ['CREATING', 'DELETING'] as const) {
    const stream = { ...streamOf(), status };
    const isInUse = (error: unknown) => isGatewayError(error, 'in-use');
    assert.throws(() => withQueue(stream, queueOf('a')), isInUse);
  }
  const isPolicy = (error: unknown) => isGatewayError(error, 'policy-violation');
  assert.throws(() => withQueue(streamOf('PROVISIONED'), queueOf('a')), isPolicy);
  const updating: Stream = { ...streamOf(), status: 'UPDATING' };
  assert.equal(queuesOf(withQueue(updating, queueOf('a'))).length, 1);
  const used = withQueue(streamOf(), queueOf('a'));
  assert.throws(
    () => withMode(used, 'PROVISIONED', nowMs),
    (error: unknown) => isGatewayError(error, 'in-use'),
  );
  assert.equal(withMode(withoutQueue(used, 'a'), 'PROVISIONED', nowMs).mode, 'PROVISIONED');
});
