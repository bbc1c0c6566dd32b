/**
 * Reports on queues. Kafka tells where each shard's delivery is and how much it has not finished;
 * the rows of a queue are counted in DynamoDB. Read-only.
 */
import { isGatewayError } from '../domain/errors.ts';
import { isQueueId } from '../domain/queues/queue-changes.ts';
import type { Queue } from '../domain/queues/queue.ts';
import { type Shard, shardIdOf, type Stream } from '../domain/streams/stream.ts';
import type { Clock } from '../ports/clock.ts';
import type {
  QueueReport,
  QueueReporting,
  QueueShardReport,
  QueueSummary,
} from '../ports/queue-reports.ts';
import type { QueueCatalog } from '../ports/queue-catalog.ts';
import type { QueueRows } from '../ports/queue-rows.ts';
import type { RecordLog } from '../ports/record-log.ts';
import type { ShareLog, SharePosition } from '../ports/share-log.ts';
import { atOnce } from '../runtime/at-once.ts';
import type { StreamDirectory } from '../streams/directory.ts';
import { shareGroupOf } from './share-group.ts';

const queuesAtOnce = 4;
const shardsAtOnce = 16;
const pageMax = 100;
/** Counting rows reads them; a queue may have millions. */
const rowsCountedMax = 100_000;

export type QueueReportsSettings = {
  readonly catalog: Pick<QueueCatalog, 'get' | 'list'>;
  readonly streams: Pick<StreamDirectory, 'find'>;
  readonly shares: Pick<ShareLog, 'positions'>;
  readonly rows: Pick<QueueRows, 'counts'>;
  readonly log: Pick<RecordLog, 'startOffset' | 'endOffset'>;
  readonly clock: Clock;
};

/** What Kafka has of a shard. */
type InLog = Pick<QueueShardReport, 'position' | 'endOffset' | 'inLog'>;

export class QueueReports implements QueueReporting {
  readonly #settings: QueueReportsSettings;

  constructor(settings: QueueReportsSettings) {
    this.#settings = settings;
  }

  async list(queuesMax: number): Promise<readonly QueueSummary[]> {
    const queues = await this.#queues(queuesMax);
    const summaries: (QueueSummary | undefined)[] = [];
    await atOnce(queuesAtOnce, [...queues.entries()], async ([index, queue]) => {
      summaries[index] = await this.#summary(queue);
    });
    return summaries.filter((summary) => summary !== undefined);
  }

  async show(queueId: string): Promise<QueueReport | undefined> {
    const queue = isQueueId(queueId) ? await this.#settings.catalog.get(queueId) : undefined;
    if (queue === undefined) return undefined;
    const { stream, positions } = await this.#placesOf(queue);
    const range = { nowMs: this.#settings.clock.nowMs(), countMax: rowsCountedMax };
    const shards: QueueShardReport[] = [];
    await atOnce(shardsAtOnce, stream.shards, async (shard) => {
      const [inLog, { live, dead }] = await Promise.all([
        this.#inLog(stream, shard, positions.get(shard.index)),
        this.#settings.rows.counts(queueId, { ...range, shard: shard.index }),
      ]);
      shards[shard.index] = {
        shardId: shardIdOf(shard.index),
        partition: shard.index,
        ...inLog,
        again: live.visible,
        inFlight: live.inFlight,
        deadLetters: dead.visible,
        deadLettersInFlight: dead.inFlight,
      };
    });
    const { name, status } = queue;
    return { group: queueId, queue: name, stream: stream.name, status, shards };
  }

  async #queues(queuesMax: number): Promise<readonly Queue[]> {
    const queues: Queue[] = [];
    let after: { readonly after?: string } = {};
    while (queues.length < queuesMax) {
      const countMax = Math.min(pageMax, queuesMax - queues.length);
      const page = await this.#settings.catalog.list({ ...after, countMax });
      queues.push(...page.queues);
      if (page.next === undefined) break;
      after = { after: page.next };
    }
    return queues;
  }

  async #summary(queue: Queue): Promise<QueueSummary | undefined> {
    const { id: group, name, stream } = queue;
    const head = { group, queue: name, stream: stream.name };
    try {
      return { ...head, ...(await this.#numbers(queue)) };
    } catch (error) {
      // It may have been deleted since it was listed.
      if ((await this.#settings.catalog.get(group).catch(() => queue)) === undefined) {
        return undefined;
      }
      const problem = error instanceof Error ? error.message : String(error);
      return { ...head, shards: 0, visible: 0, inFlight: 0, deadLetters: 0, problem };
    }
  }

  async #numbers(queue: Queue) {
    const { stream, positions } = await this.#placesOf(queue);
    const range = { nowMs: this.#settings.clock.nowMs(), countMax: rowsCountedMax };
    const { live, dead } = await this.#settings.rows.counts(queue.id, range);
    let visible = live.visible;
    await atOnce(shardsAtOnce, stream.shards, async (shard) => {
      const { inLog } = await this.#inLog(stream, shard, positions.get(shard.index));
      visible += inLog;
    });
    const shards = stream.shards.length;
    return { shards, visible, inFlight: live.inFlight, deadLetters: dead.visible };
  }

  /** Errors: `not-found` if the stream is gone, `unavailable`. */
  async #placesOf(queue: Queue) {
    const [stream, positions] = await Promise.all([
      this.#settings.streams.find(queue.stream.name),
      this.#positions(queue),
    ]);
    return { stream, positions };
  }

  /** None while the queue's share group is being created, or is deleted already. */
  async #positions(queue: Queue): Promise<ReadonlyMap<number, SharePosition>> {
    try {
      return await this.#settings.shares.positions(shareGroupOf(queue));
    } catch (error) {
      if (queue.status === 'ACTIVE' || !isGatewayError(error, 'not-found')) throw error;
      return new Map();
    }
  }

  /**
   * A closed shard ends before its log may end, and retention removes records before the position
   * moves.
   */
  async #inLog(stream: Stream, shard: Shard, known: SharePosition | undefined): Promise<InLog> {
    const where = { log: stream.name, partition: shard.index };
    const { log } = this.#settings;
    const endOffset = shard.closed?.endOffset ?? (await log.endOffset(where));
    const end = { endOffset: Number(endOffset) };
    if (known === undefined) return { position: null, ...end, inLog: 0 };
    const { startOffset, left = Infinity } = known;
    const place = { position: Number(startOffset), ...end };
    if (left === 0 || startOffset >= endOffset) return { ...place, inLog: 0 };
    const retained = await log.startOffset(where);
    const from = retained > startOffset ? retained : startOffset;
    return { ...place, inLog: Math.max(0, Math.min(left, Number(endOffset - from))) };
  }
}
