import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isGatewayError } from '../../../../src/domain/errors.ts';
import { plenty, readAll, recordOf, start, testTopic, valuesOf } from './topic.ts';

function isNotFound(error: unknown): boolean {
  return isGatewayError(error, 'not-found');
}

test('records are appended in the given order, and their offsets grow without a gap', async (t) => {
  const topic = await testTopic(t);
  const first = await topic.log.append(topic.where, [recordOf('a', 'k'), recordOf('b')]);
  const second = await topic.log.append(topic.where, [recordOf('c')]);
  assert.deepEqual(first, { offsets: [0n, 1n] });
  assert.deepEqual(second, { offsets: [2n] });
  const { records } = await topic.log.read(topic.where, start, plenty);
  assert.deepEqual(valuesOf(records), ['a', 'b', 'c']);
  assert.equal(records[0]?.key?.toString(), 'k');
  assert.equal(records[1]?.key, null);
});

test('null and empty keys and values stay what they are', async (t) => {
  const topic = await testTopic(t);
  const empty = Buffer.alloc(0);
  await topic.log.append(topic.where, [
    { key: null, value: null },
    { key: empty, value: empty },
  ]);
  const { records } = await topic.log.read(topic.where, start, plenty);
  assert.deepEqual(
    records.map(({ key, value }) => [key?.length ?? null, value?.length ?? null]),
    [
      [null, null],
      [0, 0],
    ],
  );
});

test('appends that arrive together share one write', async (t) => {
  const topic = await testTopic(t, {}, 4);
  // A broker refuses a partition for a moment after its creation; that would be a second write.
  for (let partition = 0; partition < 4; partition++) {
    await topic.log.append({ log: topic.name, partition }, [recordOf('warm')]);
  }
  const before = topic.calls.get('ProduceRequest') ?? 0;
  const appends = Array.from({ length: 200 }, (_, index) =>
    topic.log.append({ log: topic.name, partition: index % 4 }, [recordOf(`r${index}`)]),
  );
  await Promise.all(appends);
  assert.equal((topic.calls.get('ProduceRequest') ?? 0) - before, 1);
});

test('many appends at once keep their order, and each learns its own offsets', async (t) => {
  const topic = await testTopic(t);
  const sent: string[] = [];
  const answers: Promise<void>[] = [];
  for (let round = 0; round < 50; round++) {
    for (let index = 0; index < 20; index++) {
      const value = `${round}-${index}`;
      const place = BigInt(sent.length);
      sent.push(value);
      answers.push(
        topic.log
          .append(topic.where, [recordOf(value)])
          .then(({ offsets }) => assert.deepEqual(offsets, [place])),
      );
    }
    if (round % 5 === 0) await answers.at(-1);
  }
  await Promise.all(answers);
  assert.deepEqual(valuesOf(await readAll(topic)), sent);
});

test('an append larger than one batch is written whole, in order', async (t) => {
  const topic = await testTopic(t);
  const records = Array.from({ length: 40 }, (_, index) => ({
    key: null,
    value: Buffer.alloc(100_000, index),
  }));
  const { offsets } = await topic.log.append(topic.where, records);
  assert.deepEqual(
    offsets,
    records.map((_, index) => BigInt(index)),
  );
  const read = await readAll(topic);
  assert.deepEqual(
    read.map(({ value }) => value?.[0]),
    records.map((_, index) => index),
  );
});

test('a topic with a small batch limit gets small batches', async (t) => {
  const topic = await testTopic(t, { 'max.message.bytes': '5000' });
  const records = Array.from({ length: 64 }, (_, index) => recordOf(`${index}`.padEnd(1000, '.')));
  const { offsets } = await topic.log.append(topic.where, records);
  assert.equal(offsets.length, 64);
  const read = await readAll(topic);
  assert.deepEqual(
    read.map(({ value }) => Number.parseInt(value!.toString())),
    records.map((_, index) => index),
  );
});

test('a record over the limit fails its own append, from there on, and no other', async (t) => {
  const topic = await testTopic(t, { 'max.message.bytes': '5000' });
  const large = recordOf('x'.repeat(6000));
  const [before, mixed, alone, after] = await Promise.allSettled([
    topic.log.append(topic.where, [recordOf('a')]),
    topic.log.append(topic.where, [recordOf('b'), large, recordOf('never')]),
    topic.log.append(topic.where, [large]),
    topic.log.append(topic.where, [recordOf('c')]),
  ]);
  assert.equal(before?.status, 'fulfilled');
  assert.ok(mixed?.status === 'fulfilled');
  assert.equal(mixed.value.offsets.length, 1);
  assert.equal(mixed.value.error?.kind, 'invalid-argument');
  assert.ok(alone?.status === 'rejected' && isGatewayError(alone.reason, 'invalid-argument'));
  assert.equal(after?.status, 'fulfilled');
  assert.deepEqual(valuesOf(await readAll(topic)), ['a', 'b', 'c']);
});

test('a log or partition that is not there is not found', async (t) => {
  const topic = await testTopic(t);
  const nowhere = { log: `${topic.name}-none`, partition: 0 };
  const beyond = { log: topic.name, partition: 7 };
  for (const where of [nowhere, beyond]) {
    await assert.rejects(topic.log.append(where, [recordOf('a')]), isNotFound);
    await assert.rejects(topic.log.read(where, start, plenty), isNotFound);
    await assert.rejects(topic.log.endOffset(where), isNotFound);
  }
});

test('a topic made a moment ago takes records at once', async (t) => {
  const topic = await testTopic(t);
  const admin = topic.kafka.admin();
  await admin.connect();
  const name = `${topic.name}-later`;
  const where = { log: name, partition: 0 };
  await assert.rejects(topic.log.endOffset(where));
  await admin.createTopics({ topics: [{ topic: name, numPartitions: 1 }], waitForLeaders: false });
  t.after(async () => {
    await admin.deleteTopics({ topics: [name] });
    await admin.disconnect();
  });
  assert.deepEqual(await topic.log.append(where, [recordOf('a')]), { offsets: [0n] });
});

test('records of a topic that stamps arrival carry the time of their arrival', async (t) => {
  const topic = await testTopic(t, { 'message.timestamp.type': 'LogAppendTime' });
  const beforeMs = Date.now();
  await topic.log.append(topic.where, [recordOf('a')]);
  const afterMs = Date.now();
  const [record] = await readAll(topic);
  assert.ok(record!.timestampMs >= beforeMs && record!.timestampMs <= afterMs);
});
