/** The longest names, and names that mean something to JavaScript. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { type Body, openGateway } from '../support/gateways.ts';
import { makeTopic, removeTopics } from '../support/topics.ts';

const shardId = 'shardId-000000000000';
const suffix = randomUUID();
/** Iterators have no more than 512 characters, for these, too. */
const longest = 'x'.repeat(128 - suffix.length) + suffix;

test('streams, tags, consumers and keys may be called as parts of JavaScript are', async (t) => {
  const gateway = await openGateway(t, `catalog-${randomUUID()}`);
  for (const name of ['__proto__', 'constructor', longest]) {
    await gateway.create(name, 1);
    const where = { StreamName: name };
    const tags = JSON.parse('{"__proto__":"a","constructor":"b"}') as Body;
    assert.equal(await gateway.ask('AddTagsToStream', { ...where, Tags: tags }), undefined);
    assert.deepEqual((await gateway.ask('ListTagsForStream', where))['Tags'], [
      { Key: '__proto__', Value: 'a' },
      { Key: 'constructor', Value: 'b' },
    ]);
    const { StreamDescriptionSummary: summary } = await gateway.ask('DescribeStreamSummary', where);
    const consumer = { StreamARN: (summary as Body)['StreamARN'], ConsumerName: name };
    const { Consumer: made } = await gateway.ask('RegisterStreamConsumer', consumer);
    assert.equal((made as Body)['ConsumerName'], name);
    const { ConsumerDescription: shown } = await gateway.ask('DescribeStreamConsumer', consumer);
    assert.equal((shown as Body)['ConsumerARN'], (made as Body)['ConsumerARN']);
    const put = { ...where, PartitionKey: '__proto__', Data: 'YQ==' };
    assert.equal((await gateway.ask('PutRecord', put))['ShardId'], shardId);
    const { ShardIterator: iterator } = await gateway.ask('GetShardIterator', {
      ...where,
      ShardId: shardId,
      ShardIteratorType: 'TRIM_HORIZON',
    });
    const { Records: records } = await gateway.ask('GetRecords', { ShardIterator: iterator });
    const keys = (records as Body[]).map((each) => each['PartitionKey']);
    assert.deepEqual(keys, ['__proto__']);
  }
});

test('topics with names too long for AWS are not streams', async (t) => {
  const gateway = await openGateway(t, `catalog-${randomUUID()}`);
  const names = [129, 249].map((length) => 'y'.repeat(length - suffix.length) + suffix);
  for (const name of names) await makeTopic(gateway.cluster, name, 1);
  const listed = (await gateway.streams.list()).map(({ name }) => name);
  for (const name of names) {
    assert.ok(!listed.includes(name));
    const answer = await gateway.ask('DescribeStream', { StreamName: name });
    assert.equal(answer['__type'], 'ValidationException');
    await assert.rejects(gateway.streams.find(name), { kind: 'not-found' });
  }
  await removeTopics(gateway.cluster, names);
});
