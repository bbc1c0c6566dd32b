/** Subscriptions of one consumer through two gateways. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:http2';
import { test, type TestContext } from 'node:test';
import {
  DryRunOperationException,
  KinesisClient,
  ResourceInUseException,
  SubscribeToShardCommand,
} from '@aws-sdk/client-kinesis';
import type { SubscriptionTimes } from '../../src/streams/subscriptions.ts';
import { account } from '../aws/kinesis/door.ts';
import { untilTrue } from '../support/until.ts';
import { type Body, type Gateway, openGateway } from '../support/gateways.ts';

const claimCheckMs = 20;
const heartbeatMs = 100;
const longMs = 600_000;

const position = {
  ShardId: 'shardId-000000000000',
  StartingPosition: { Type: 'LATEST' },
} as const;

type Subscriber = {
  subscribe(more?: object): Promise<AsyncIterator<unknown>>;
  /** On a connection of its own; answers how to close that. */
  subscribeAlone(): Promise<() => void>;
};

/** Two gateways, a stream of one shard, and a consumer; answers a subscriber at each. */
async function subscribers(
  t: TestContext,
  times: Partial<SubscriptionTimes>,
): Promise<readonly [Subscriber, Subscriber]> {
  const table = `catalog-${randomUUID()}`;
  const one = await openGateway(t, table, { times });
  const other = await openGateway(t, table, { times });
  const name = `subscribed-${randomUUID()}`;
  await one.create(name, 1);
  const StreamARN = `arn:aws:kinesis:us-east-1:${account}:stream/${name}`;
  const made = await one.ask('RegisterStreamConsumer', { StreamARN, ConsumerName: 'app' });
  const { ConsumerARN } = made['Consumer'] as { ConsumerARN: string };
  await untilTrue('an active consumer', async () => {
    const answer = await other.ask('DescribeStreamConsumer', { ConsumerARN });
    return (answer['ConsumerDescription'] as Body)['ConsumerStatus'] === 'ACTIVE';
  });
  const at = ({ port }: Gateway): Subscriber => {
    const endpoint = `http://127.0.0.1:${port}`;
    const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
    const client = new KinesisClient({
      ...{ endpoint, credentials },
      region: 'us-east-1',
      maxAttempts: 1,
    });
    t.after(() => client.destroy());
    return {
      async subscribe(more = {}) {
        const { EventStream } = await client.send(
          new SubscribeToShardCommand({ ConsumerARN, ...position, ...more }),
        );
        const events = EventStream![Symbol.asyncIterator]();
        // Its first event: it runs.
        assert.equal((await events.next()).done, false);
        return events;
      },
      async subscribeAlone() {
        const session = connect(endpoint);
        t.after(() => session.destroy());
        const stream = session.request({
          ':method': 'POST',
          'content-type': 'application/x-amz-json-1.1',
          'x-amz-target': 'Kinesis_20131202.SubscribeToShard',
        });
        stream.end(JSON.stringify({ ConsumerARN, ...position }));
        await once(stream, 'data');
        return () => session.destroy();
      },
    };
  };
  return [at(one), at(other)];
}

test('a young subscription is in use for every gateway, and free when it has ended', async (t) => {
  const [one, other] = await subscribers(t, { takeoverAfterMs: longMs, claimCheckMs });
  const leave = await one.subscribeAlone();
  await assert.rejects(other.subscribe(), ResourceInUseException);
  await assert.rejects(other.subscribe({ DryRun: true }), ResourceInUseException);
  await assert.rejects(one.subscribe(), ResourceInUseException);
  leave();
  await untilTrue('the shard to be free', () =>
    other.subscribe({ DryRun: true }).then(
      () => false,
      (error: unknown) => error instanceof DryRunOperationException,
    ),
  );
  await other.subscribe();
  await assert.rejects(one.subscribe(), ResourceInUseException);
});

test('an older one is taken over by another gateway, and ends with the error inside', async (t) => {
  const [one, other] = await subscribers(t, { takeoverAfterMs: 0, claimCheckMs, heartbeatMs });
  const first = await one.subscribe();
  const second = await other.subscribe();
  await assert.rejects(async () => {
    while ((await first.next()).done !== true);
  }, ResourceInUseException);
  assert.equal((await second.next()).done, false);
  const third = await one.subscribe();
  await assert.rejects(async () => {
    while ((await second.next()).done !== true);
  }, ResourceInUseException);
  assert.equal((await third.next()).done, false);
});
