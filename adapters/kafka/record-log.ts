/** The RecordLog port over the backing cluster. */
import { GatewayError } from '../../src/domain/errors.ts';
import { type Offset, toOffset } from '../../src/domain/streams/stream.ts';
import type {
  Appended,
  AppendRecord,
  LogPartition,
  LogSlice,
  ReadLimits,
  RecordLog,
} from '../../src/ports/record-log.ts';
import {
  listOffsetsRequest,
  listOffsetsResponse,
} from '../../src/wire/messages/02-list-offsets.ts';
import { AppendQueue } from './append-queue.ts';
import { atLeader } from './at-leader.ts';
import type { Cluster } from './cluster.ts';
import { CodeError } from './error-kinds.ts';
import { FetchReader } from './fetch-reader.ts';
import { errorCodes } from '../../src/wire/errors.ts';

const listOffsetsApi = { request: listOffsetsRequest, response: listOffsetsResponse };
/** Later versions add special timestamps for tiered storage, which are not needed. */
const listOffsetsVersionMax = 7;
const latest = -1n;
const earliest = -2n;
const readUncommitted = 0;
const readCommitted = 1;

export class KafkaRecordLog implements RecordLog {
  readonly #cluster: Cluster;
  readonly #appends: AppendQueue;
  readonly #reader: FetchReader;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#appends = new AppendQueue(cluster);
    this.#reader = new FetchReader(cluster);
  }

  append(where: LogPartition, records: readonly AppendRecord[]): Promise<Appended> {
    return this.#appends.append(where, records);
  }

  async read(where: LogPartition, from: Offset, limits: ReadLimits): Promise<LogSlice> {
    const ask = (leader: number) => this.#reader.read(leader, where, from, limits);
    const read = await atLeader(this.#cluster, where, ask, limits.signal);
    if (read !== 'out-of-range') return read;
    const [startOffset, endOffset] = await Promise.all([
      this.startOffset(where),
      this.endOffset(where),
    ]);
    if (from >= startOffset) return { records: [], nextOffset: from, startOffset, endOffset };
    return this.read(where, startOffset, limits);
  }

  startOffset(where: LogPartition): Promise<Offset> {
    return this.#listOffset(where, earliest);
  }

  endOffset(where: LogPartition): Promise<Offset> {
    return this.#listOffset(where, latest);
  }

  /** The high watermark. A new leader does not return it before it knows it (KIP-207). */
  writtenOffset(where: LogPartition): Promise<Offset> {
    return this.#listOffset(where, latest, readUncommitted);
  }

  async offsetAt(where: LogPartition, timestampMs: number): Promise<Offset> {
    const timestamp = BigInt(Math.max(0, Math.ceil(timestampMs)));
    // The end is requested first, so that records appended between the two responses are not
    // skipped.
    const end = await this.endOffset(where);
    const found = await this.#listOffset(where, timestamp);
    return found < 0n ? end : found;
  }

  #listOffset(
    where: LogPartition,
    timestamp: bigint,
    isolationLevel = readCommitted,
  ): Promise<Offset> {
    return atLeader(this.#cluster, where, async (leader) => {
      const answer = await this.#cluster.requestTo(
        leader,
        'control',
        listOffsetsApi,
        {
          replicaId: -1,
          isolationLevel,
          topics: [
            { name: where.log, partitions: [{ partitionIndex: where.partition, timestamp }] },
          ],
        },
        { versionMax: listOffsetsVersionMax },
      );
      const partition = answer.topics[0]?.partitions[0];
      if (partition === undefined) throw new GatewayError('unavailable', 'an empty ListOffsets');
      if (partition.errorCode !== errorCodes.NONE) throw new CodeError(partition.errorCode, where);
      return toOffset(partition.offset);
    });
  }
}
