/** Producers that are connected to several workers, which are one gateway to them. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Connection } from '../../../adapters/kafka/connection.ts';
import { produceRequest, produceResponse } from '../../../src/wire/messages/00-produce.ts';
import { metadataRequest, metadataResponse } from '../../../src/wire/messages/03-metadata.ts';
import { endTxnRequest, endTxnResponse } from '../../../src/wire/messages/26-end-txn.ts';
import { encodeBatch } from '../../../src/wire/record-batch.ts';
import { createStream } from '../../support/doors.ts';
import { doorAt } from '../../support/gateways.ts';
import { type Gateway, startGateway } from '../../support/gateway.ts';
import { connectTo, initProducer } from '../../support/kafka-connection.ts';
import { untilTrue } from '../../support/until.ts';
import { readShards } from '../../support/checks/lineage.ts';

const workers = 3;
/** Topics by name. */
const versionMax = 12;
const transactions = 3;
const batchesEach = 4;
const recordsEach = 8;
/** Written until records are placed by key. */
const probe = 'before';
const unknownTopicId = 100;
const noTopicId = 'AAAAAAAAAAAAAAAAAAAAAQ';

const produceApi = { request: produceRequest, response: produceResponse };
const metadataApi = { request: metadataRequest, response: metadataResponse };
const endApi = { request: endTxnRequest, response: endTxnResponse };

/** Connections are dealt out in turn: as many as there are workers, one to each. */
async function openClient(t: TestContext, where: Gateway, transactionalId: string | null) {
  const topic = await createStream(where.kinesis, workers);
  const door = doorAt(where.kinesis);
  const tags = { 'kineska.placement': 'enforce' };
  await door.ask('AddTagsToStream', { StreamName: topic, Tags: tags });
  const connections: Connection[] = [];
  for (let at = 0; at < workers; at++) connections.push(await connectTo(t, where.kafka));
  for (const each of connections) await each.request(metadataApi, { topics: [{ name: topic }] });
  const [first] = connections;
  const { producerId, producerEpoch } = await initProducer(first!, transactionalId);
  const sendAs = async (id: string | null, via: number, index: number, records: Buffer) => {
    const topicData = [{ name: topic, partitionData: [{ index, records }] }];
    const request = { transactionalId: id, acks: -1, timeoutMs: 5_000, topicData };
    const answer = await connections[via]!.request(produceApi, request, { versionMax });
    const { errorCode, baseOffset } = answer.responses[0]!.partitionResponses[0]!;
    return { errorCode, baseOffset };
  };
  // The tag is seen within a second by each of the workers.
  const plain = encodeBatch([{ key: Buffer.from('k'), value: Buffer.from(probe) }], Date.now());
  for (let via = 0; via < workers; via++) {
    const isPlaced = async () => (await sendAs(null, via, 0, plain)).baseOffset === -1n;
    await untilTrue('placement', isPlaced);
  }
  const send = (via: number, index: number, records: Buffer) =>
    sendAs(transactionalId, via, index, records);
  const values = async () => {
    const read = (await readShards(door, topic)).map(({ value }) => value);
    return read.filter((value) => value !== probe);
  };
  return { first: first!, producerId, epoch: producerEpoch, send, values };
}

function batchOf(name: string, options: Parameters<typeof encodeBatch>[2]) {
  const values = Array.from({ length: recordsEach }, (_, nth) => Buffer.from(`${name}-${nth}`));
  const records = values.map((value) => ({ key: value, value }));
  return { values: values.map(String), bytes: encodeBatch(records, Date.now(), options) };
}

test('producers that are connected to several workers', async (whole) => {
  const where = await startGateway(whole, { settings: { KINESKA_WORKERS: String(workers) } });

  await whole.test('a transaction over all of them is written once and whole', async (t) => {
    const transactionalId = 'a transaction';
    const client = await openClient(t, where, transactionalId);
    let { epoch } = client;
    const { producerId } = client;
    const written: string[] = [];
    for (let nth = 0; nth < transactions; nth++) {
      for (let batch = 0; batch < batchesEach; batch++) {
        const baseSequence = batch * recordsEach;
        const options = { producerId, producerEpoch: epoch, baseSequence, transactional: true };
        // Each connection has a partition of its own, and keys for all shards.
        const answers = await Promise.all(
          Array.from({ length: workers }, (_, via) => {
            const { values, bytes } = batchOf(`t${nth}-b${batch}-p${via}`, options);
            written.push(...values);
            return client.send(via, via, bytes);
          }),
        );
        for (const answer of answers) assert.deepEqual(answer, { errorCode: 0, baseOffset: -1n });
      }
      const end = { transactionalId, producerId, producerEpoch: epoch, committed: true };
      const ended = await client.first.request(endApi, end, { versionMax: 5 });
      assert.equal(ended.errorCode, 0);
      if (ended.producerEpoch >= 0) epoch = ended.producerEpoch;
    }
    assert.deepEqual((await client.values()).toSorted(), written.toSorted());
  });

  await whole.test(
    'a batch that is sent again by another connection is written once',
    async (t) => {
      const client = await openClient(t, where, null);
      const { producerId, epoch: producerEpoch } = client;
      const written: string[] = [];
      for (let batch = 0; batch < batchesEach; batch++) {
        const options = { producerId, producerEpoch, baseSequence: batch * recordsEach };
        const { values, bytes } = batchOf(`b${batch}`, options);
        written.push(...values);
        for (let via = 0; via < workers; via++) {
          assert.deepEqual(await client.send(via, 0, bytes), { errorCode: 0, baseOffset: -1n });
        }
      }
      assert.deepEqual((await client.values()).toSorted(), written.toSorted());
    },
  );

  await whole.test('a topic is known by its id, whichever has told it', async (t) => {
    const name = await createStream(where.kinesis, 1);
    const connections: Connection[] = [];
    for (let at = 0; at < workers; at++) connections.push(await connectTo(t, where.kafka));
    const { topics } = await connections[0]!.request(metadataApi, { topics: [{ name }] });
    const { topicId } = topics[0]!;
    const produceTo = async (connection: Connection, id: string) => {
      const { bytes: records } = batchOf('by-id', {});
      const topicData = [{ topicId: id, partitionData: [{ index: 0, records }] }];
      const request = { acks: -1, timeoutMs: 5_000, topicData };
      const { responses } = await connection.request(produceApi, request);
      return responses[0]!.partitionResponses[0]!.errorCode;
    };
    for (const connection of connections) assert.equal(await produceTo(connection, topicId), 0);
    assert.equal(await produceTo(connections[0]!, noTopicId), unknownTopicId);
    const read = await readShards(doorAt(where.kinesis), name);
    assert.equal(read.length, workers * recordsEach);
  });
});
