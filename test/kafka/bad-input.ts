/** Frames that are not requests, or almost; clients that send them; and an unaffected one. */
import { connect } from 'node:net';
import type { TestContext } from 'node:test';
import type kafkajs from 'kafkajs';
import { writeRequestHeader } from '../../src/wire/header.ts';
import { type Fields, type Input, type Message, writeMessage } from '../../src/wire/message.ts';
import { produceRequest } from '../../src/wire/messages/00-produce.ts';
import { fetchRequest } from '../../src/wire/messages/01-fetch.ts';
import { listOffsetsRequest } from '../../src/wire/messages/02-list-offsets.ts';
import { metadataRequest } from '../../src/wire/messages/03-metadata.ts';
import { offsetCommitRequest } from '../../src/wire/messages/08-offset-commit.ts';
import { offsetFetchRequest } from '../../src/wire/messages/09-offset-fetch.ts';
import { findCoordinatorRequest } from '../../src/wire/messages/10-find-coordinator.ts';
import { heartbeatRequest } from '../../src/wire/messages/12-heartbeat.ts';
import { syncGroupRequest } from '../../src/wire/messages/14-sync-group.ts';
import { apiVersionsRequest } from '../../src/wire/messages/18-api-versions.ts';
import { deleteRecordsRequest } from '../../src/wire/messages/21-delete-records.ts';
import { initProducerIdRequest } from '../../src/wire/messages/22-init-producer-id.ts';
import { Writer } from '../../src/wire/primitives.ts';
import { encodeBatch } from '../../src/wire/record-batch.ts';
import { createTopics } from '../support/create-topics.ts';
import { kafkaClient, newName } from '../support/doors.ts';
import { untilTrue } from '../support/until.ts';

/** Names that the mutated requests have; nothing that others use. */
const topic = 'hostile-topic';
const groupId = 'hostile-group';
const frameBytesMax = 100 * 1024 * 1024;
/** Mutations stay behind key and version, so that no request becomes another one. */
const mutableFrom = 8;
const burstMax = 8;
/** A connection whose frames were not refused by then is ended by its client. */
const quietMs = 150;
const closeTimeoutMs = 60_000;

/** Frames to send on one connection; `reason` where the gateway must refuse the last of them. */
export type BadInput = { readonly frames: readonly Buffer[]; readonly reason: string | undefined };

/** As `refused` counts what has no reason of its own in Kafka's protocol. */
export const certainReasons = [
  'broken-request',
  'frame-size',
  'http-on-kafka-port',
  'tls-on-kafka-port',
  'unknown-api-key',
  'unknown-api-version',
] as const;

/** The same numbers for the same seed (mulberry32). */
export function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

function frame<F extends Fields>(table: Message<F>, version: number, value: Input<F>): Buffer {
  const writer = new Writer();
  writeRequestHeader(writer, table, version, 7, 'hostile');
  writeMessage(table, version, value, writer);
  const body = writer.toBuffer();
  const size = Buffer.alloc(4);
  size.writeInt32BE(body.length);
  return Buffer.concat([size, body]);
}

function goodFrames(): readonly Buffer[] {
  const records = encodeBatch([{ key: Buffer.from('k'), value: Buffer.alloc(300) }], 0);
  const topicData = [{ name: topic, partitionData: [{ index: 0, records }] }];
  const fetched = [
    { topic, partitions: [{ partition: 0, fetchOffset: 0n, partitionMaxBytes: 9 }] },
  ];
  const fetching = { maxWaitMs: 1, minBytes: 1, isolationLevel: 0, topics: fetched, rackId: '' };
  const committed = [{ partitionIndex: 0, committedOffset: 1n, committedMetadata: null }];
  const member = { groupId, memberId: 'hostile-member' };
  const deleted = [{ name: topic, partitions: [{ partitionIndex: 0, offset: 1n }] }];
  const listed = [{ name: topic, partitions: [{ partitionIndex: 0, timestamp: -1n }] }];
  const commit = { ...member, generationIdOrMemberEpoch: 5 };
  const sync = { ...member, generationId: 5, protocolType: 'consumer', protocolName: 'range' };
  const software = { clientSoftwareName: 'hostile', clientSoftwareVersion: '1' };
  return [
    ...[1, 0, -1].map((acks) => frame(produceRequest, 9, { acks, timeoutMs: 1_000, topicData })),
    frame(produceRequest, 3, { acks: -1, timeoutMs: 1_000, topicData }),
    frame(fetchRequest, 4, fetching),
    frame(fetchRequest, 12, fetching),
    frame(listOffsetsRequest, 6, { replicaId: -1, isolationLevel: 0, topics: listed }),
    frame(metadataRequest, 9, { topics: [{ name: topic }], allowAutoTopicCreation: false }),
    frame(offsetCommitRequest, 8, {
      ...commit,
      topics: [{ name: topic, partitions: committed }],
    }),
    frame(offsetFetchRequest, 6, { groupId, topics: [{ name: topic, partitionIndexes: [0] }] }),
    frame(findCoordinatorRequest, 3, { key: groupId, keyType: 0 }),
    frame(heartbeatRequest, 4, { ...member, generationId: 5 }),
    frame(syncGroupRequest, 5, {
      ...sync,
      assignments: [{ memberId: 'hostile-member', assignment: Buffer.alloc(40, 1) }],
    }),
    frame(apiVersionsRequest, 3, software),
    frame(deleteRecordsRequest, 2, { topics: deleted, timeoutMs: 1_000 }),
    frame(initProducerIdRequest, 3, { transactionalId: null, transactionTimeoutMs: 1 }),
  ];
}

/** `count` frames in all, on as many connections as they take. */
export function* badInputs(seed: number, count: number): Generator<BadInput, void> {
  const random = randomOf(seed);
  const good = goodFrames();
  for (let left = count; left > 0;) {
    const size = Math.min(left, 1 + random(burstMax));
    left -= size;
    if (random(4) === 0) {
      // Frames that are as they should be, and then one that cannot be.
      const { bytes, reason } = certain(random, good);
      const before = Array.from({ length: size - 1 }, () => good[random(good.length)]!);
      yield { frames: [...before, bytes], reason };
    } else {
      const frames = Array.from({ length: size }, () => mutated(random, good));
      yield { frames, reason: undefined };
    }
  }
}

function certain(random: (below: number) => number, good: readonly Buffer[]) {
  const reason = certainReasons[random(certainReasons.length)]!;
  const bytes = Buffer.concat([good[random(good.length)]!, noise(random, random(9_000))]);
  if (reason === 'http-on-kafka-port') bytes.write('GET /', 'latin1');
  if (reason === 'tls-on-kafka-port') bytes.set([0x16, 0x03, 0x01, 0x02]);
  // Neither a key of the future, nor one that only brokers use.
  if (reason === 'unknown-api-key') bytes.writeInt16BE([9_999, -1, 4, 93][random(4)]!, 4);
  if (reason === 'unknown-api-version') bytes.set([0, 3, 0, 99], 4);
  // A client id that is longer than the frame.
  if (reason === 'broken-request') bytes.writeInt16BE(bytes.readInt32BE(0), 12);
  if (reason === 'frame-size') {
    const sizes = [0, 9, -1, -(2 ** 31), frameBytesMax + 1, 2 ** 31 - 1];
    bytes.writeInt32BE(sizes[random(sizes.length)]!, 0);
  }
  return { bytes, reason };
}

function mutated(random: (below: number) => number, good: readonly Buffer[]): Buffer {
  const bytes = Buffer.from(good[random(good.length)]!);
  const kind = random(5);
  if (kind === 0) return bytes.subarray(0, 1 + random(bytes.length - 1));
  if (kind === 1) {
    // It claims to be longer or shorter than it is.
    bytes.writeInt32BE(Math.max(10, bytes.length - 4 + random(60) - 30), 0);
    return bytes;
  }
  if (kind === 2) {
    const more = Buffer.concat([bytes, noise(random, 1 + random(100_000))]);
    more.writeInt32BE(more.length - 4, 0);
    return more;
  }
  for (let flips = 1 + random(8); flips > 0; flips--) {
    bytes[mutableFrom + random(bytes.length - mutableFrom)] = random(256);
  }
  return bytes;
}

function noise(random: (below: number) => number, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at < size; at += 1 + random(16)) bytes[at] = random(256);
  return bytes;
}

export type Sent = { connections: number; readonly refused: Map<string, number> };

/** Sends all over so many connections at once. Fails where what must be refused is not. */
export async function sendAll(
  port: number,
  inputs: Iterable<BadInput>,
  connectionsAtOnce: number,
): Promise<Sent> {
  const sent: Sent = { connections: 0, refused: new Map() };
  const iterator = inputs[Symbol.iterator]();
  const work = async () => {
    for (let next = iterator.next(); next.done !== true; next = iterator.next()) {
      const { reason } = next.value;
      await send(port, next.value);
      sent.connections++;
      if (reason !== undefined) sent.refused.set(reason, (sent.refused.get(reason) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: connectionsAtOnce }, work));
  return sent;
}

/** One connection, until the gateway closes it or, where it need not, has had time to. */
async function send(port: number, { frames, reason }: BadInput): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port });
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
  });
  socket.on('error', () => undefined);
  socket.resume();
  for (const bytes of frames) socket.write(bytes);
  let failed = false;
  const whenLate = () => {
    failed = reason !== undefined;
    socket.destroy();
  };
  const timer = setTimeout(whenLate, reason === undefined ? quietMs : closeTimeoutMs);
  await closed;
  clearTimeout(timer);
  if (failed) throw new Error(`not refused by ${reason}: ${frames.at(-1)!.toString('hex', 0, 40)}`);
}

const batchRecords = 20;

/** Produces, and verifies that each record comes once and in order, until it is stopped. */
export async function startSteadyClient(t: TestContext, bootstrap: string) {
  const name = newName();
  // It does not try anything again: whatever goes wrong shows.
  const client = kafkaClient(bootstrap);
  const admin = client.admin();
  await admin.connect();
  await createTopics(admin, [{ topic: name, numPartitions: 1 }]);
  await createTopics(admin, [{ topic, numPartitions: 1 }]);
  await admin.disconnect();
  const consumer = client.consumer({ groupId: newName(), maxWaitTimeInMs: 50 });
  const producer = client.producer({ retry: { retries: 0 } });
  const problems: unknown[] = [];
  let sent = 0;
  let seen = 0;
  let stopped = false;
  const eachMessage = async ({ message }: kafkajs.EachMessagePayload) => {
    const value = String(message.value);
    if (value !== `record ${seen}`) problems.push(`${value} where record ${seen} was expected`);
    seen++;
  };
  await Promise.all([producer.connect(), consumer.connect()]);
  await consumer.subscribe({ topic: name, fromBeginning: true });
  await consumer.run({ eachMessage });
  t.after(() => Promise.all([consumer.disconnect(), producer.disconnect()]));
  const producing = (async () => {
    while (!stopped) {
      const messages = Array.from({ length: batchRecords }, (_, n) => ({
        value: `record ${sent + n}`,
      }));
      await producer.send({ topic: name, messages });
      sent += batchRecords;
    }
  })().catch((error: unknown) => problems.push(error));
  await untilTrue('first records', () => seen > 0 || problems.length > 0);
  // From here on: before, a broker may say that it is not ready yet for groups.
  consumer.on('consumer.crash', ({ payload }) => problems.push(payload.error));
  return {
    /** Answers how many records were verified, and what went wrong. */
    async stop() {
      stopped = true;
      await producing;
      await untilTrue('the last record', () => seen >= sent || problems.length > 0);
      return { sent, seen, problems };
    },
  };
}

/** A metric's value, of all its series that have these labels, from Prometheus' text. */
export function metricOf(text: string, name: string, labels = ''): number {
  const escaped = labels.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const line = new RegExp(`^${name}(?:\\{[^}]*${escaped}[^}]*\\})? ([0-9.e+]+)$`, 'gm');
  let sum = 0;
  for (const [, value] of text.matchAll(line)) sum += Number(value);
  return sum;
}
