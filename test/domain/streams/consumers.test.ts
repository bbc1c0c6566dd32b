import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  consumerCreationMs,
  consumerNamed,
  consumersCreatingMax,
  consumersMax,
  consumerStatusAt,
  withConsumer,
  withoutConsumer,
} from '../../../src/domain/streams/consumers.ts';
import type { Stream } from '../../../src/domain/streams/stream.ts';
import { newStream } from '../../../src/domain/streams/stream-rules.ts';
import { isGatewayError } from '../../../src/domain/errors.ts';

const stream = newStream({ name: 's', shardCount: 1, mode: 'PROVISIONED' }, 0);

function withMany(count: number, everyMs: number): Stream {
  let made = stream;
  for (let index = 0; index < count; index += 1) {
    made = withConsumer(made, `c${index}`, {}, index * everyMs);
  }
  return made;
}

test('a consumer is CREATING for its first half second, and ACTIVE after it', () => {
  const consumer = consumerNamed(withConsumer(stream, 'a', {}, 1000), 'a')!;
  assert.equal(consumerStatusAt(consumer, 1000 + consumerCreationMs - 1), 'CREATING');
  assert.equal(consumerStatusAt(consumer, 1000 + consumerCreationMs), 'ACTIVE');
});

test('consumers are kept in order of their names', () => {
  let made = stream;
  for (const name of ['b', 'C', 'a']) made = withConsumer(made, name, {}, 0);
  assert.deepEqual(
    made.consumers.map(({ name }) => name),
    ['C', 'a', 'b'],
  );
});

test('a name that is taken is refused, also when the limits are reached', () => {
  const full = withMany(consumersMax, consumerCreationMs);
  assert.throws(
    () => withConsumer(full, 'c0', {}, 0),
    (error) => isGatewayError(error, 'in-use'),
  );
});

test('five may be CREATING at once', () => {
  const creating = withMany(consumersCreatingMax, 0);
  assert.throws(
    () => withConsumer(creating, 'a', {}, consumerCreationMs - 1),
    (error) => isGatewayError(error, 'limit-exceeded'),
  );
  const later = withConsumer(creating, 'a', {}, consumerCreationMs);
  assert.equal(later.consumers.length, consumersCreatingMax + 1);
});

test('twenty may be registered', () => {
  const full = withMany(consumersMax, consumerCreationMs);
  assert.throws(
    () => withConsumer(full, 'a', {}, consumersMax * consumerCreationMs),
    (error) => isGatewayError(error, 'limit-exceeded'),
  );
});

test('one that was registered again under the name is not deregistered for the former', () => {
  const former = withConsumer(stream, 'a', {}, 0);
  const again = withConsumer(stream, 'a', {}, 5000);
  assert.equal(withoutConsumer(again, former.consumers[0]!), again);
  assert.deepEqual(withoutConsumer(former, former.consumers[0]!).consumers, []);
});
