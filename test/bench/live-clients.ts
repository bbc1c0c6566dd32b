/**
 * Connections of other clients that are alive beside a measurement: each polls a partition of its
 * own all the time, writes a record now and then, and asks for metadata less often.
 */
import { Connection } from '../../adapters/kafka/connection.ts';
import { connectBy } from '../../adapters/kafka/transport.ts';
import { produceRequest, produceResponse } from '../../src/wire/messages/00-produce.ts';
import { fetchRequest, fetchResponse } from '../../src/wire/messages/01-fetch.ts';
import { metadataRequest, metadataResponse } from '../../src/wire/messages/03-metadata.ts';
import { encodeBatch } from '../../src/wire/record-batch.ts';

const produceApi = { request: produceRequest, response: produceResponse };
const fetchApi = { request: fetchRequest, response: fetchResponse };
const metadataApi = { request: metadataRequest, response: metadataResponse };

const pollMs = 500;
const pauseMs = 500;
/** Of its polls, one in so many is followed by a record, and one by a question for metadata. */
const produceEvery = 5;
const metadataEvery = 20;
const openedAtOnce = 20;
const recordBytes = 100;

/** The leader has moved: a client requests metadata, and continues after a pause. */
const notLeader = 6;

type Topic = { readonly name: string; readonly topicId: string };
type Place = { readonly host: string; readonly port: number; readonly partition: number };

export type LiveClients = {
  /** Answered requests of all of them since they began. */
  requests(): number;
  /** Fails where any of them has failed. */
  stop(): Promise<void>;
};

export async function startLiveClients(
  bootstrap: string,
  name: string,
  count: number,
): Promise<LiveClients> {
  const { topic, places } = await placesOf(bootstrap, name);
  const running: Promise<void>[] = [];
  const counter = { isOver: false, requests: 0 };
  for (let begun = 0; begun < count; begun += openedAtOnce) {
    const more = Array.from({ length: Math.min(openedAtOnce, count - begun) }, async (_, at) => {
      const place = places[(begun + at) % places.length]!;
      const connection = await open(place);
      // Spread, as clients that have nothing to do with each other are.
      const offset = ((begun + at) / count) * (pollMs + pauseMs);
      const client = { bootstrap, topic, partition: place.partition };
      running.push(live(connection, client, begun + at, offset, counter));
    });
    await Promise.all(more);
  }
  return {
    requests: () => counter.requests,
    async stop() {
      counter.isOver = true;
      await Promise.all(running);
    },
  };
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function open({ host, port }: Pick<Place, 'host' | 'port'>): Promise<Connection> {
  return Connection.open({ host, port }, { connect: connectBy(undefined), clientId: 'alive' });
}

/** Every partition, at the address of its leader. */
async function placesOf(bootstrap: string, name: string) {
  const [host = '', port = ''] = bootstrap.split(',')[0]!.split(':');
  const connection = await open({ host, port: Number(port) });
  const { brokers, topics } = await connection.request(metadataApi, { topics: [{ name }] });
  connection.close();
  const addresses = new Map(brokers.map((broker) => [broker.nodeId, broker]));
  const { topicId, partitions } = topics[0]!;
  const places = partitions.map(({ partitionIndex, leaderId }): Place => {
    const leader = addresses.get(leaderId);
    if (leader === undefined) throw new Error(`partition ${partitionIndex} has no leader`);
    return { host: leader.host, port: leader.port, partition: partitionIndex };
  });
  return { topic: { name, topicId }, places };
}

type LiveClient = {
  readonly bootstrap: string;
  readonly topic: Topic;
  readonly partition: number;
};

async function live(
  opened: Connection,
  { bootstrap, topic, partition }: LiveClient,
  first: number,
  startAfterMs: number,
  counter: { isOver: boolean; requests: number },
): Promise<void> {
  const record = { key: null, value: Buffer.alloc(recordBytes) };
  let connection = opened;
  const moved = async () => {
    connection.close();
    const { places } = await placesOf(bootstrap, topic.name);
    return open(places.find((place) => place.partition === partition)!);
  };
  await pause(startAfterMs);
  for (let turn = first; !counter.isOver; turn++) {
    const polled = await poll(connection, topic, partition);
    if (polled === notLeader) connection = await moved();
    else if (polled !== 0) throw new Error(`a poll was refused with ${polled}`);
    counter.requests++;
    if (turn % produceEvery === 0) {
      const records = encodeBatch([record], Date.now());
      const topicData = [{ ...topic, partitionData: [{ index: partition, records }] }];
      const request = { acks: -1, timeoutMs: 30_000, topicData };
      const answer = await connection.request(produceApi, request);
      const code = answer.responses[0]!.partitionResponses[0]!.errorCode;
      if (code === notLeader) connection = await moved();
      else if (code !== 0) throw new Error(`a record was refused with ${code}`);
      counter.requests++;
    }
    if (turn % metadataEvery === 0) {
      await connection.request(metadataApi, { topics: [{ name: topic.name }] });
      counter.requests++;
    }
    await pause(pauseMs);
  }
  connection.close();
}

/** Answers Kafka's code. */
async function poll(connection: Connection, topic: Topic, partition: number): Promise<number> {
  const at = { partition, fetchOffset: 0n, partitionMaxBytes: 1_024 };
  const answer = await connection.request(fetchApi, {
    maxWaitMs: pollMs,
    minBytes: 1,
    maxBytes: 64 * 1024,
    isolationLevel: 0,
    topics: [{ topic: topic.name, topicId: topic.topicId, partitions: [at] }],
    rackId: '',
  });
  return answer.responses[0]?.partitions[0]?.errorCode ?? 0;
}
