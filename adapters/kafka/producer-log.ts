/**
 * The ProducerLog port over the backing cluster.
 * Source: KIP-664 (DescribeProducers), KIP-98 and KIP-890 (transactions), the Kafka protocol guide.
 */
import { GatewayError } from '../../src/domain/errors.ts';
import { type Offset, toOffset } from '../../src/domain/streams/stream.ts';
import type {
  ProducerLog,
  ProducerState,
  TransactionalAppend,
  TransactionalBatch,
} from '../../src/kafka/produce/producer-log.ts';
import type { LogPartition } from '../../src/ports/record-log.ts';
import { produceRequest, produceResponse } from '../../src/wire/messages/00-produce.ts';
import { fetchRequest, fetchResponse } from '../../src/wire/messages/01-fetch.ts';
import {
  addPartitionsToTxnRequest,
  addPartitionsToTxnResponse,
} from '../../src/wire/messages/24-add-partitions-to-txn.ts';
import {
  describeProducersRequest,
  describeProducersResponse,
} from '../../src/wire/messages/61-describe-producers.ts';
import { atLeader } from './at-leader.ts';
import type { Cluster } from './cluster.ts';
import { Coordinators } from './coordinators.ts';
import { CodeError, isRetriable } from './error-kinds.ts';
import { errorCodes } from '../../src/wire/errors.ts';

const produceApi = { request: produceRequest, response: produceResponse };
const fetchApi = { request: fetchRequest, response: fetchResponse };
const addPartitionsApi = {
  request: addPartitionsToTxnRequest,
  response: addPartitionsToTxnResponse,
};
const describeProducersApi = {
  request: describeProducersRequest,
  response: describeProducersResponse,
};

/** Topics by name: later versions name them by id. */
const fetchVersionMax = 12;
/** From this version on the write itself adds its partition to the transaction. */
const produceVersionImplicit = 12;
const produceVersionExplicit = 11;
/** Later versions are for brokers only. */
const addPartitionsVersionMax = 3;
const allInSync = -1;
const replicationTimeoutMs = 20_000;
const readUncommitted = 0;
/** A batch that is larger is given whole all the same. */
const fetchBytesMax = 1024 * 1024;
const patience = { everyMs: 50, waitMsMax: 10_000 };

export class KafkaProducerLog implements ProducerLog {
  readonly #cluster: Cluster;
  readonly #coordinators: Coordinators;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#coordinators = new Coordinators(cluster, 'transaction', patience);
  }

  producerState(where: LogPartition, producerId: bigint): Promise<ProducerState | undefined> {
    return atLeader(this.#cluster, where, async (leader) => {
      const topics = [{ name: where.log, partitionIndexes: [where.partition] }];
      const api = describeProducersApi;
      const answer = await this.#cluster.requestTo(leader, 'control', api, { topics });
      const partition = answer.topics[0]?.partitions[0];
      if (partition === undefined) throw new GatewayError('unavailable', 'no answer of producers');
      if (partition.errorCode !== errorCodes.NONE) throw new CodeError(partition.errorCode, where);
      const found = partition.activeProducers.find((each) => each.producerId === producerId);
      return found && { epoch: found.producerEpoch, lastSequence: found.lastSequence };
    });
  }

  batchesAt(where: LogPartition, offset: Offset): Promise<Buffer> {
    return atLeader(this.#cluster, where, async (leader) => {
      const { partition } = where;
      const wanted = { partition, fetchOffset: offset, partitionMaxBytes: fetchBytesMax };
      const request = {
        replicaId: -1,
        maxWaitMs: 0,
        minBytes: 0,
        maxBytes: fetchBytesMax,
        isolationLevel: readUncommitted,
        topics: [{ topic: where.log, partitions: [wanted] }],
      };
      const options = { versionMax: fetchVersionMax };
      const answer = await this.#cluster.requestTo(leader, 'fetch', fetchApi, request, options);
      const data = answer.responses[0]?.partitions[0];
      const code = data?.errorCode ?? answer.errorCode;
      if (code === errorCodes.OFFSET_OUT_OF_RANGE) return Buffer.alloc(0);
      if (code !== errorCodes.NONE) throw new CodeError(code, where);
      return Buffer.from(data?.records ?? Buffer.alloc(0));
    });
  }

  async appendInTransaction(
    where: LogPartition,
    batch: TransactionalBatch,
  ): Promise<TransactionalAppend> {
    if (!batch.implicit) {
      const code = await this.#addPartition(where, batch);
      if (code !== errorCodes.NONE) return { code, message: null, baseOffset: toOffset(-1n) };
    }
    const { log: name, partition: index } = where;
    const leader = await this.#cluster.leaderOf(name, index);
    const answer = await this.#cluster.requestTo(
      leader,
      'produce',
      produceApi,
      {
        transactionalId: batch.transactionalId,
        acks: allInSync,
        timeoutMs: replicationTimeoutMs,
        topicData: [{ name, partitionData: [{ index, records: batch.bytes }] }],
      },
      {
        versionMax: batch.implicit ? produceVersionImplicit : produceVersionExplicit,
        timeoutMs: replicationTimeoutMs + 5_000,
      },
    );
    const found = answer.responses[0]?.partitionResponses[0];
    if (found === undefined)
      throw new GatewayError('unavailable', `no answer for ${name}-${index}`);
    if (isRetriable(found.errorCode)) this.#cluster.forget(name);
    const { errorCode: code, errorMessage: message, baseOffset } = found;
    return { code, message, baseOffset: toOffset(baseOffset) };
  }

  /** Answers Kafka's code for the partition; waits while the transaction before is written out. */
  #addPartition({ log, partition }: LogPartition, batch: TransactionalBatch): Promise<number> {
    const request = {
      v3AndBelowTransactionalId: batch.transactionalId,
      v3AndBelowProducerId: batch.producerId,
      v3AndBelowProducerEpoch: batch.producerEpoch,
      v3AndBelowTopics: [{ name: log, partitions: [partition] }],
    };
    const options = { versionMax: addPartitionsVersionMax };
    return this.#coordinators.ask(batch.transactionalId, {
      request: async (node) => {
        const api = addPartitionsApi;
        const answer = await this.#cluster.requestTo(node, 'control', api, request, options);
        const result = answer.resultsByTopicV3AndBelow[0]?.resultsByPartition[0];
        if (result === undefined) throw new GatewayError('unavailable', 'an empty answer');
        return result.partitionErrorCode;
      },
      codeOf: (code) => code,
      waitsFor: errorCodes.CONCURRENT_TRANSACTIONS,
    });
  }
}
