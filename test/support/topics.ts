/** Topics as clients of the cluster see them, and what happens in the middle of a change. */
import assert from 'node:assert/strict';
import type { Cluster } from '../../adapters/kafka/cluster.ts';
import type { Stream } from '../../src/domain/streams/stream.ts';
import type { StreamCatalog } from '../../src/ports/stream-catalog.ts';
import {
  createTopicsRequest,
  createTopicsResponse,
} from '../../src/wire/messages/19-create-topics.ts';
import {
  deleteTopicsRequest,
  deleteTopicsResponse,
} from '../../src/wire/messages/20-delete-topics.ts';
import { untilTrue } from './until.ts';

const createApi = { request: createTopicsRequest, response: createTopicsResponse };
const deleteApi = { request: deleteTopicsRequest, response: deleteTopicsResponse };
const timeoutMs = 30_000;

/** Made by a client of Kafka's, and seen by the cluster's brokers. */
export async function makeTopic(cluster: Cluster, name: string, count: number): Promise<void> {
  const layout = { numPartitions: count, replicationFactor: 1, assignments: [], configs: [] };
  const topics = [{ name, ...layout }];
  const answer = await cluster.request(createApi, { topics, timeoutMs, validateOnly: false });
  assert.equal(answer.topics[0]?.errorCode, 0, answer.topics[0]?.errorMessage ?? '');
  await untilTrue(`topic ${name}`, async () => (await topicNames(cluster)).includes(name));
}

export async function removeTopics(cluster: Cluster, names: readonly string[]): Promise<void> {
  const noId = 'AAAAAAAAAAAAAAAAAAAAAA';
  const topics = names.map((name) => ({ name, topicId: noId }));
  await cluster.request(deleteApi, { topics, topicNames: [...names], timeoutMs });
}

export async function topicNames(cluster: Cluster): Promise<readonly string[]> {
  return (await cluster.topics()).map(({ name }) => name).toSorted();
}

export type Happenings = {
  /** After the row of a stream was written that is being made. */
  readonly afterCreate?: (stream: Stream) => Promise<unknown>;
  readonly beforeReplace?: (before: Stream, after: Stream) => Promise<unknown>;
};

/** The catalog itself; what is given happens in the middle of its changes. */
export function withHappenings(
  catalog: StreamCatalog,
  { afterCreate, beforeReplace }: Happenings,
): StreamCatalog {
  return {
    get: (name, known) => catalog.get(name, known),
    list: (range) => catalog.list(range),
    async create(stream) {
      await catalog.create(stream);
      await afterCreate?.(stream);
    },
    async replace(before, after) {
      await beforeReplace?.(before, after);
      await catalog.replace(before, after);
    },
    remove: (stream) => catalog.remove(stream),
    secret: () => catalog.secret(),
  };
}
