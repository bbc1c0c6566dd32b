/** Pagination tokens of every action that has them, and ARNs of the region that was signed for. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { tokenLifetimeMs } from '../../../src/aws/protocol/tokens.ts';
import { type Body, type DataDoor, dataDoor } from './data-door.ts';
import { account, call } from './door.ts';

type Paged = {
  /** What asks for a page of one. */
  readonly first: Body;
  /** What goes with a token. */
  readonly rest: Body;
};

async function pagedActions(t: TestContext): Promise<[DataDoor, Record<string, Paged>]> {
  const door = await dataDoor(t, 3);
  const other = `data-${randomUUID()}`;
  await door.streams.create({ name: other, shardCount: 1, mode: 'PROVISIONED' });
  t.after(() => door.streams.delete(other).catch(() => {}));
  for (const ConsumerName of ['a', 'b']) {
    await door.ask('RegisterStreamConsumer', { StreamARN: door.arn, ConsumerName });
  }
  const { arn, name } = door;
  const actions = {
    ListStreams: { first: { Limit: 1 }, rest: {} },
    ListShards: { first: { StreamName: name, MaxResults: 1 }, rest: {} },
    ListStreamConsumers: {
      first: { StreamARN: arn, MaxResults: 1 },
      rest: { StreamARN: arn },
    },
  };
  return [door, actions];
}

test('a token is honoured for 300 seconds and expired from then on', async (t) => {
  const [door, actions] = await pagedActions(t);
  for (const [action, { first, rest }] of Object.entries(actions)) {
    door.aheadMs = 0;
    const { NextToken: token } = await door.ask(action, first);
    assert.equal(typeof token, 'string', action);
    // Once more and later than the second call, so that the clock's own steps do not matter.
    door.aheadMs = tokenLifetimeMs - 60_000;
    const honoured = await door.ask(action, { ...rest, NextToken: token });
    assert.equal(honoured['__type'], undefined, action);
    door.aheadMs = tokenLifetimeMs + 1;
    assert.deepEqual(await door.ask(action, { ...rest, NextToken: token }), {
      __type: 'ExpiredNextTokenException',
      message: 'The pagination token passed to the operation is expired.',
    });
  }
});

test('a token of another action, or of nobody, is refused', async (t) => {
  const [door, actions] = await pagedActions(t);
  const tokens: string[] = [];
  for (const [action, { first }] of Object.entries(actions)) {
    tokens.push(String((await door.ask(action, first))['NextToken']));
  }
  const [own = ''] = tokens;
  const invented = [
    'a',
    '=',
    `${own.slice(0, -4)}AAAA`,
    own.toLowerCase(),
    `${own}A`,
    ` ${own}`,
    'A'.repeat(1_048_576),
    '\u00e9\u0000',
  ];
  for (const [index, [action, { rest }]] of Object.entries(actions).entries()) {
    for (const token of [...tokens.toSpliced(index, 1), ...invented]) {
      const answer = await door.ask(action, { ...rest, NextToken: token });
      assert.equal(answer['__type'], 'InvalidArgumentException', `${action} ${token.slice(0, 40)}`);
    }
    const long = await door.ask(action, { ...rest, NextToken: 'A'.repeat(1_048_577) });
    assert.equal(long['__type'], 'ValidationException', action);
  }
});

test('ARNs are of the account, and of the region that the client signed for', async (t) => {
  const door = await dataDoor(t);
  const regions = { 'eu-west-1': 'aws', 'cn-north-1': 'aws-cn', 'us-gov-west-1': 'aws-us-gov' };
  for (const [region, partition] of Object.entries(regions)) {
    const authorization =
      `AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260101/${region}/kinesis/aws4_request, ` +
      'SignedHeaders=host, Signature=00';
    const ask = async (action: string, body: Body): Promise<Body> =>
      (await call(door.port, action, body, { authorization })).body as Body;
    const arn = `arn:${partition}:kinesis:${region}:${account}:stream/${door.name}`;
    const summary = await ask('DescribeStreamSummary', { StreamARN: arn });
    const shown = summary['StreamDescriptionSummary'] as Body;
    assert.equal(shown['StreamARN'], arn);
    const consumer = await ask('RegisterStreamConsumer', { StreamARN: arn, ConsumerName: region });
    const { ConsumerARN: consumerArn } = consumer['Consumer'] as Body;
    assert.ok(String(consumerArn).startsWith(`${arn}/consumer/${region}:`));
    const resource = { ResourceARN: consumerArn };
    assert.deepEqual(await ask('ListTagsForResource', resource), { Tags: [] });
    const metrics = { StreamName: door.name, ShardLevelMetrics: ['ALL'] };
    door.aheadMs += 1_000;
    assert.equal((await ask('EnableEnhancedMonitoring', metrics))['StreamARN'], arn);
  }
});
