/** Enhanced fan-out as the AWS SDK for JavaScript sees it, over HTTP/2, on the real log. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import {
  DryRunOperationException,
  InvalidArgumentException,
  KinesisClient,
  ResourceInUseException,
  ResourceNotFoundException,
  type StartingPosition,
  SubscribeToShardCommand,
  type SubscribeToShardEvent,
} from '@aws-sdk/client-kinesis';
import { consumerCreationMs } from '../../../src/domain/streams/consumers.ts';
import type { SubscriptionTimes } from '../../../src/streams/subscriptions.ts';
import { base64, closeFirstShard, type DataDoor, dataDoor } from './data-door.ts';

const firstShard = 'shardId-000000000000';

type FanOut = {
  readonly door: DataDoor;
  readonly consumerArn: string;
  subscribe(position: StartingPosition, more?: object): Promise<AsyncIterator<Event>>;
  put(...texts: string[]): Promise<string[]>;
};
type Event = SubscribeToShardEvent;

async function fanOut(
  t: TestContext,
  times: Partial<SubscriptionTimes> = {},
  shardCount = 1,
): Promise<FanOut> {
  const door = await dataDoor(t, shardCount, times);
  const made = await door.ask('RegisterStreamConsumer', {
    StreamARN: door.arn,
    ConsumerName: 'app',
  });
  door.aheadMs = consumerCreationMs;
  const { ConsumerARN: consumerArn } = made['Consumer'] as { ConsumerARN: string };
  return {
    door,
    consumerArn,
    async subscribe(StartingPosition, more = {}) {
      // One connection for each, so that closing it is the subscriber going away.
      const client = new KinesisClient({
        endpoint: `http://127.0.0.1:${door.port}`,
        region: 'us-east-1',
        credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
        maxAttempts: 1,
      });
      t.after(() => client.destroy());
      const given = { ConsumerARN: consumerArn, ShardId: firstShard, StartingPosition, ...more };
      const { EventStream } = await client.send(new SubscribeToShardCommand(given));
      return shown(EventStream!);
    },
    async put(...texts) {
      const Records = texts.map((text) => ({ PartitionKey: 'k', Data: base64(text) }));
      const answer = await door.ask('PutRecords', { StreamName: door.name, Records });
      assert.equal(answer['FailedRecordCount'], 0);
      return (answer['Records'] as { SequenceNumber: string }[]).map((one) => one.SequenceNumber);
    },
  };
}

async function* shown(
  events: AsyncIterable<{ SubscribeToShardEvent?: Event }>,
): AsyncGenerator<Event> {
  for await (const { SubscribeToShardEvent: event } of events) if (event) yield event;
}

/** Events up to the one with which so many records have come. */
async function take(events: AsyncIterator<Event>, count: number): Promise<Taken> {
  const texts: string[] = [];
  let last: Event | undefined;
  while (texts.length < count) {
    const { value, done } = await events.next();
    if (done === true) throw new Error(`the stream ended after ${texts.join()}`);
    last = value;
    for (const { Data } of value.Records ?? []) texts.push(Buffer.from(Data!).toString());
  }
  return { texts, last: last! };
}
type Taken = { readonly texts: string[]; readonly last: Event };

async function drain(events: AsyncIterator<Event>): Promise<Event[]> {
  const drained: Event[] = [];
  for (;;) {
    const { value, done } = await events.next();
    if (done === true) return drained;
    drained.push(value);
  }
}

test('records that are put after LATEST come as events, each once and in order', async (t) => {
  const { subscribe, put } = await fanOut(t);
  await put('before');
  const events = await subscribe({ Type: 'LATEST' });
  const first = await events.next();
  assert.deepEqual(first.value.Records, []);
  assert.equal(first.value.MillisBehindLatest, 0);
  const texts = Array.from({ length: 20 }, (_, index) => String(index));
  for (const text of texts) {
    await put(text);
    assert.deepEqual((await take(events, 1)).texts, [text]);
  }
});

test('every starting position begins where an iterator of that type would', async (t) => {
  const { subscribe, put, door } = await fanOut(t, { takeoverAfterMs: 0 });
  const numbers = await put('a', 'b', 'c');
  const middle = numbers[1]!;
  const from = async (position: StartingPosition, count: number) =>
    (await take(await subscribe(position), count)).texts;
  assert.deepEqual(await from({ Type: 'TRIM_HORIZON' }, 3), ['a', 'b', 'c']);
  const at: StartingPosition = { Type: 'AT_SEQUENCE_NUMBER', SequenceNumber: middle };
  assert.deepEqual(await from(at, 2), ['b', 'c']);
  assert.deepEqual(await from({ ...at, Type: 'AFTER_SEQUENCE_NUMBER' }, 1), ['c']);
  const Timestamp = new Date(Date.now() - 60_000);
  assert.deepEqual(await from({ Type: 'AT_TIMESTAMP', Timestamp }, 3), ['a', 'b', 'c']);
  await assert.rejects(subscribe({ Type: 'AFTER_SEQUENCE_NUMBER' }), InvalidArgumentException);
  const foreign = subscribe({ Type: 'AT_SEQUENCE_NUMBER', SequenceNumber: '0' });
  await assert.rejects(foreign, (error: Error) => error.message.includes('SubscribeToShard'));
  const missing = subscribe({ Type: 'LATEST' }, { ShardId: 'shardId-000000000009' });
  await assert.rejects(missing, ResourceNotFoundException);
  const unknown = { ConsumerARN: `${door.arn}/consumer/none:1` };
  await assert.rejects(subscribe({ Type: 'LATEST' }, unknown), ResourceNotFoundException);
});

test('ContinuationSequenceNumber continues behind what was read, if anything', async (t) => {
  const { subscribe, put } = await fanOut(t, { takeoverAfterMs: 0 });
  const empty = await (await subscribe({ Type: 'LATEST' })).next();
  await put('a', 'b');
  const after = (SequenceNumber: string | undefined): StartingPosition => ({
    Type: 'AFTER_SEQUENCE_NUMBER',
    SequenceNumber,
  });
  const events = await subscribe(after(empty.value.ContinuationSequenceNumber));
  const { texts, last } = await take(events, 2);
  assert.deepEqual(texts, ['a', 'b']);
  await put('c');
  const next = await subscribe(after(last.ContinuationSequenceNumber));
  assert.deepEqual((await take(next, 1)).texts, ['c']);
});

test('while there are no records, empty events come', async (t) => {
  const { subscribe } = await fanOut(t, { heartbeatMs: 20 });
  const events = await subscribe({ Type: 'LATEST' });
  for (let count = 0; count < 3; count += 1) {
    const { value } = await events.next();
    assert.deepEqual(value.Records, []);
    assert.notEqual(value.ContinuationSequenceNumber, undefined);
  }
});

test('a session ends without an error when its time is over', async (t) => {
  const { subscribe, put } = await fanOut(t, { sessionMsMax: 300 });
  await put('a');
  const events = await drain(await subscribe({ Type: 'TRIM_HORIZON' }));
  assert.equal(events.flatMap(({ Records }) => Records ?? []).length, 1);
  const again = await subscribe({ Type: 'TRIM_HORIZON' });
  assert.deepEqual((await take(again, 1)).texts, ['a']);
});

test('a subscription is taken over after five seconds, and not before', async (t) => {
  const { subscribe, put, door } = await fanOut(t);
  const former = await subscribe({ Type: 'LATEST' });
  await former.next();
  door.aheadMs += 4_000;
  await assert.rejects(subscribe({ Type: 'LATEST' }), (error) => {
    assert.ok(error instanceof ResourceInUseException);
    assert.match(error.message, /^Another active subscription exists for this consumer: /);
    return true;
  });
  door.aheadMs += 1_000;
  const successor = await subscribe({ Type: 'LATEST' });
  await assert.rejects(drain(former), ResourceInUseException);
  await put('a');
  assert.deepEqual((await take(successor, 1)).texts, ['a']);
});

test('a consumer that is being made cannot subscribe yet', async (t) => {
  const { subscribe, door, consumerArn } = await fanOut(t);
  door.aheadMs = 0;
  const registered = await door.ask('RegisterStreamConsumer', {
    StreamARN: door.arn,
    ConsumerName: 'late',
  });
  const { ConsumerARN } = registered['Consumer'] as { ConsumerARN: string };
  assert.notEqual(ConsumerARN, consumerArn);
  door.aheadMs = -consumerCreationMs;
  await assert.rejects(subscribe({ Type: 'LATEST' }, { ConsumerARN }), (error: Error) => {
    assert.match(error.message, /^Consumer late with creation timestamp \d+ .* ACTIVE status\.$/);
    return error instanceof ResourceInUseException;
  });
});

test('a closed shard ends with its children, and with no number to continue from', async (t) => {
  const { subscribe, put, door } = await fanOut(t, { takeoverAfterMs: 0 }, 3);
  await door.append(0, ...['a', 'b'].map((text) => ({ key: null, value: Buffer.from(text) })));
  const waiting = await subscribe({ Type: 'TRIM_HORIZON' });
  assert.deepEqual((await take(waiting, 2)).texts, ['a', 'b']);
  await closeFirstShard(door, 2n);
  const last = (await drain(waiting)).at(-1);
  assert.equal(last?.ContinuationSequenceNumber, undefined);
  assert.deepEqual(
    last?.ChildShards?.map(({ ShardId, ParentShards }) => [ShardId, ParentShards]),
    [
      ['shardId-000000000001', [firstShard]],
      ['shardId-000000000002', [firstShard]],
    ],
  );
  const later = await drain(await subscribe({ Type: 'TRIM_HORIZON' }));
  const texts = later.flatMap(({ Records }) => Records ?? []);
  assert.deepEqual(
    texts.map(({ Data }) => Buffer.from(Data!).toString()),
    ['a', 'b'],
  );
  assert.equal(later.at(-1)?.ChildShards?.length, 2);
  const closed = await drain(await subscribe({ Type: 'LATEST' }));
  assert.equal(closed.length, 1);
  await put('child');
});

test('a subscription whose consumer is deregistered ends with an error inside', async (t) => {
  const { subscribe, door, consumerArn } = await fanOut(t);
  const events = await subscribe({ Type: 'LATEST' });
  await events.next();
  await door.ask('DeregisterStreamConsumer', { ConsumerARN: consumerArn });
  await assert.rejects(drain(events), ResourceNotFoundException);
});

test('DryRun says what would be said, and subscribes to nothing', async (t) => {
  const { subscribe } = await fanOut(t);
  const dry = () => subscribe({ Type: 'LATEST' }, { DryRun: true });
  await assert.rejects(dry(), DryRunOperationException);
  await subscribe({ Type: 'LATEST' });
  await assert.rejects(dry(), ResourceInUseException);
});

test('a large backlog arrives whole, however slowly it is taken', async (t) => {
  const { subscribe, door } = await fanOut(t);
  const value = Buffer.alloc(500_000, 'x');
  await door.append(0, ...Array.from({ length: 40 }, () => ({ key: null, value })));
  const events = await subscribe({ Type: 'TRIM_HORIZON' });
  let bytes = 0;
  while (bytes < 40 * value.length) {
    const { value: event } = await events.next();
    let size = 0;
    for (const { Data } of (event as Event).Records ?? []) size += Data?.length ?? 0;
    assert.ok(size <= 1024 * 1024);
    bytes += size;
  }
  assert.equal(bytes, 40 * value.length);
});
