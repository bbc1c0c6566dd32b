/**
 * Applies Kinesis' rules to Produce requests: which partitions may take their records, which
 * records go elsewhere, and whether the broker's response may be forwarded unchanged.
 *
 * A view of a stream is valid for a lease time (docs/decisions/0007-resharding.md): a record is
 * acknowledged in its shard only if the log had it while a valid view showed the shard as open.
 * Usually this costs a look-up of names for the request, and a comparison of times for the
 * response.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { isSealed, partitionsWanted } from '../../domain/streams/reshard.ts';
import { hasOnlyOpenShards } from '../../domain/streams/shard-routing.ts';
import { isOpen, toOffset, type Stream } from '../../domain/streams/stream.ts';
import { placementOf } from '../../domain/streams/placement-tag.ts';
import { GatewayError, isGatewayError } from '../../domain/errors.ts';
import type { StreamWriter } from '../../streams/writer.ts';
import { errorCodes } from '../../wire/errors.ts';
import type { ValueOf } from '../../wire/message.ts';
import type { produceRequest, produceResponse } from '../../wire/messages/00-produce.ts';
import { codeOf } from '../errors.ts';
import type { BatchRoutingSettings } from './batch-routing.ts';
import type { ForwardedBatch } from './forwarded-batch.ts';
import { type ProducerTerms, termsOf } from './producer-terms.ts';
import { ReroutedBatches } from './rerouted-batches.ts';
import type { ProduceScan, ScannedTopic } from '../../wire/scan/produce.ts';
import type { TopicLabel } from '../../wire/scan/topic-label.ts';
import type { TopicNames } from '../rules/topic-names.ts';

type Request = ValueOf<typeof produceRequest>;
type Topic = Request['topicData'][number];
type Partition = Topic['partitionData'][number];
type Response = ValueOf<typeof produceResponse>;
type PartitionAnswer = Response['responses'][number]['partitionResponses'][number];

export type ProduceGateSettings = BatchRoutingSettings & {
  readonly writer: StreamWriter;
  readonly topicNames: TopicNames;
};

/**
 * `ask`: the cached streams are not sufficient. `part`: some of its records go elsewhere. Otherwise
 * the request is forwarded unchanged, and acknowledged while the views of its streams with Kinesis'
 * rules are valid.
 */
export type ProduceVerdict = 'ask' | 'part' | readonly Stream[];

/** What the handling of the response needs from the request. */
export type ProduceNote = {
  readonly views: readonly Stream[];
  readonly terms: ProducerTerms;
  readonly order: ProduceOrder;
  /** Results for partitions that were not sent to the broker. */
  readonly moved?: Promise<readonly ReroutedTopic[]>;
  /**
   * Partitions that the stream does not have, by the replacement indexes in the forwarded request.
   */
  readonly replaced?: ReadonlyMap<number, number> | undefined;
};

/** Late batches of one connection are placed in the order of their responses. */
export type ProduceOrder = { last: Promise<unknown> };

export type ReroutedTopic = {
  readonly topic: Pick<Topic, 'name' | 'topicId'>;
  readonly partitions: readonly PartitionAnswer[];
};

export type PartedProduce = {
  readonly views: readonly Stream[];
  /** The part of the request that goes to the broker. */
  readonly rest: readonly Topic[];
  readonly moved: Promise<readonly ReroutedTopic[]>;
};

const noOffset = -1n;
/** How long transactional writers wait for a draining resharding before they are told to retry. */
const drainingMsMax = 10_000;
const drainingCheckMs = 50;
const noViews: readonly Stream[] = [];

/** A stream, or no Kinesis rules, or Kafka's code if it cannot be determined. */
export type FoundTopic = Stream | 'no-rules' | number;

export class ProduceGate {
  readonly #settings: ProduceGateSettings;
  readonly #batches: ReroutedBatches;

  constructor(settings: ProduceGateSettings) {
    this.#settings = settings;
    this.#batches = new ReroutedBatches(settings);
  }

  /** See ReroutedBatches.placeForwarded. */
  placeForwarded(batch: ForwardedBatch): Promise<number> {
    return this.#batches.placeForwarded(batch);
  }

  /** Only looks up names; never waits. */
  judge({ topics, transactionalId }: ProduceScan): ProduceVerdict {
    const { streams } = this.#settings;
    let views = noViews;
    for (const topic of topics) {
      const name = this.#nameOf(topic);
      const stream = name === undefined ? undefined : streams.peek(name);
      if (stream === undefined) return 'ask';
      if (stream.rules !== 'kinesis') continue;
      if (!takesAll(stream, topic.partitions, transactionalId !== null)) return 'part';
      views = views === noViews ? [stream] : [...views, stream];
    }
    return views;
  }

  /**
   * As judge, for a request whose partitions have not arrived yet: it is forwarded if all
   * partitions of the topic may take records. Otherwise undefined.
   */
  judgeAny(topic: TopicLabel): readonly Stream[] | undefined {
    const name = this.#nameOf(topic);
    const stream = name === undefined ? undefined : this.#settings.streams.peek(name);
    if (stream === undefined) return undefined;
    if (stream.rules !== 'kinesis') return noViews;
    const isPlain = placementOf(stream) !== 'enforce' && stream.resharding === undefined;
    return isPlain && hasOnlyOpenShards(stream) ? [stream] : undefined;
  }

  /** As judge, once the topics are known. */
  async ask(scan: ProduceScan): Promise<{
    readonly found: readonly FoundTopic[];
    readonly verdict: Exclude<ProduceVerdict, 'ask'>;
  }> {
    const found = await Promise.all(scan.topics.map((topic) => this.#find(topic)));
    const views: Stream[] = [];
    for (const [at, topic] of found.entries()) {
      if (typeof topic === 'number') return { found, verdict: 'part' };
      if (topic === 'no-rules') continue;
      const { partitions } = scan.topics[at]!;
      const isTaken = takesAll(topic, partitions, scan.transactionalId !== null);
      if (!isTaken) return { found, verdict: 'part' };
      views.push(topic);
    }
    return { found, verdict: views };
  }

  /**
   * Splits a request whose topics were found in this order. `mayWrite` tells whether the client may
   * write to a topic, because the broker does not check records that go elsewhere.
   */
  async part(
    request: Request,
    version: number,
    found: readonly FoundTopic[],
    mayWrite: (topic: string) => Promise<boolean>,
  ): Promise<PartedProduce> {
    const terms = termsOf(request.transactionalId, version);
    const views: Stream[] = [];
    const rest: Topic[] = [];
    const moved: Promise<ReroutedTopic>[] = [];
    for (const [at, topic] of request.topicData.entries()) {
      const stream = found[at]!;
      if (stream === 'no-rules') {
        rest.push(topic);
        continue;
      }
      const parted = await this.#partTopic(topic, stream, terms, mayWrite);
      if (parted.rest.length > 0) rest.push({ ...topic, partitionData: [...parted.rest] });
      if (parted.view !== undefined) views.push(parted.view);
      const { moved: answers } = parted;
      if (answers.length === 0) continue;
      moved.push(Promise.all(answers).then((partitions) => ({ topic, partitions })));
    }
    return { views, rest, moved: Promise.all(moved) };
  }

  /** Whether a response may be forwarded unchanged. */
  isSettled({ views, moved, replaced }: ProduceNote): boolean {
    const { streams } = this.#settings;
    if (moved !== undefined || (replaced !== undefined && replaced.size > 0)) return false;
    return views.every((view) => streams.isCurrent(view));
  }

  /**
   * The response for the client: including records that went elsewhere, and after records that were
   * too late for their shard were placed in another one.
   */
  async settle(answer: Response, note: ProduceNote): Promise<Response> {
    const { streams } = this.#settings;
    const { order } = note;
    let settled = answer;
    if (!note.views.every((view) => streams.isCurrent(view))) {
      const turn = order.last.then(() => this.#settleLate(answer, note));
      order.last = turn.catch(() => undefined);
      settled = await turn;
    }
    if (note.replaced !== undefined) settled = restored(settled, note.replaced);
    const moved = (await note.moved) ?? [];
    return moved.length === 0 ? settled : { ...settled, responses: merged(settled, moved) };
  }

  async #find(topic: ScannedTopic): Promise<FoundTopic> {
    const { streams } = this.#settings;
    const name = this.#nameOf(topic);
    // Kafka has no topic with this id, or does not show it to the client.
    if (name === undefined) return errorCodes.UNKNOWN_TOPIC_ID;
    try {
      const stream = await streams.find(name);
      return stream.rules === 'kinesis' ? stream : 'no-rules';
    } catch (error) {
      // A topic that is not a stream has no rules; Kafka responds for it.
      if (isGatewayError(error, 'not-found')) return 'no-rules';
      if (!isGatewayError(error)) throw error;
      // The catalog cannot be read: nothing was written.
      return streams.known(name)?.rules === 'kafka' ? 'no-rules' : errorCodes.NOT_ENOUGH_REPLICAS;
    }
  }

  #nameOf({ name, id }: TopicLabel): string | undefined {
    return name ?? (id === undefined ? undefined : this.#settings.topicNames.get(id));
  }

  async #partTopic(
    { partitionData }: Topic,
    found: Stream | number,
    terms: ProducerTerms,
    mayWrite: (topic: string) => Promise<boolean>,
  ): Promise<{
    readonly rest: readonly Partition[];
    readonly view: Stream | undefined;
    readonly moved: readonly Promise<PartitionAnswer>[];
  }> {
    const answers = (code: number) => partitionData.map(async ({ index }) => answerOf(index, code));
    if (typeof found === 'number') return { rest: [], view: undefined, moved: answers(found) };
    const rest: Partition[] = [];
    const moved: Promise<PartitionAnswer>[] = [];
    const isAllowed = await mayWrite(found.name);
    if (!isAllowed)
      return { rest: [], view: undefined, moved: answers(errorCodes.TOPIC_AUTHORIZATION_FAILED) };
    let view = found;
    for (const partition of partitionData) {
      const { index, records } = partition;
      const place = await this.#placeOf(view, index, terms);
      if (typeof place === 'number') {
        moved.push(Promise.resolve(answerOf(index, place)));
        continue;
      }
      view = place.stream;
      if (place.isOwn) rest.push(partition);
      else moved.push(this.#move(view, index, records, terms));
    }
    return { rest, view: rest.length > 0 ? view : undefined, moved };
  }

  async #move(
    stream: Stream,
    index: number,
    records: Buffer | null,
    terms: ProducerTerms,
  ): Promise<PartitionAnswer> {
    return answerOf(index, await this.#batches.place(stream, index, records, terms));
  }

  /**
   * Waits until it is decided whether the shard is open. Kafka's code if it is not decided in time.
   */
  async #placeOf(
    stream: Stream,
    index: number,
    { transactionalId }: ProducerTerms,
  ): Promise<{ readonly stream: Stream; readonly isOwn: boolean } | number> {
    const { streams, writer } = this.#settings;
    try {
      let now = stream;
      if (index >= now.shards.length) now = await streams.findNow(stream.name);
      if (transactionalId !== null) now = await this.#withShard(now, index);
      // A partition that is not a shard and will not become one.
      if (index < 0 || index >= partitionsWanted(now)) return errorCodes.UNKNOWN_TOPIC_OR_PARTITION;
      if (isSealed(now, index)) now = await writer.decided(now, index);
      return { stream: now, isOwn: takesAll(now, [index], transactionalId !== null) };
    } catch (error) {
      return isGatewayError(error, 'not-found')
        ? errorCodes.UNKNOWN_TOPIC_OR_PARTITION
        : errorCodes.NOT_ENOUGH_REPLICAS;
    }
  }

  /**
   * Waits until a partition becomes a shard, or will not become one. Otherwise records of a
   * transaction would go to shards that the client also writes to itself, with its own sequence
   * numbers.
   */
  async #withShard(stream: Stream, index: number): Promise<Stream> {
    const giveUpAtMs = performance.now() + drainingMsMax;
    let now = stream;
    while (index >= now.shards.length && index < partitionsWanted(now)) {
      if (performance.now() > giveUpAtMs) {
        throw new GatewayError('unavailable', `shard ${index} of ${stream.name} is not made yet`);
      }
      await delay(drainingCheckMs);
      now = await this.#settings.streams.findNow(stream.name);
    }
    return now;
  }

  async #settleLate(answer: Response, note: ProduceNote): Promise<Response> {
    const responses: Response['responses'][number][] = [];
    for (const topic of answer.responses) {
      const name = this.#nameOf({ name: topic.name || undefined, id: topic.topicId });
      const view = note.views.find((each) => each.name === name);
      if (view === undefined) responses.push(topic);
      else responses.push(await this.#settleTopic(topic, view, note.terms));
    }
    return { ...answer, responses };
  }

  async #settleTopic(
    topic: Response['responses'][number],
    view: Stream,
    terms: ProducerTerms,
  ): Promise<Response['responses'][number]> {
    const { streams, writer } = this.#settings;
    if (streams.isCurrent(view)) return topic;
    const partitionResponses: PartitionAnswer[] = [];
    for (const partition of topic.partitionResponses) {
      const { index, errorCode, baseOffset } = partition;
      if (errorCode !== errorCodes.NONE) {
        partitionResponses.push(partition);
        continue;
      }
      try {
        const now = await writer.decided(view, index);
        const end = now.shards[index]?.closed?.endOffset;
        const isLate = end !== undefined && baseOffset >= end;
        partitionResponses.push(isLate ? await this.#moveLate(now, partition, terms) : partition);
      } catch (error) {
        partitionResponses.push(answerOf(index, codeOf(error)));
      }
    }
    return { ...topic, partitionResponses };
  }

  async #moveLate(
    stream: Stream,
    { index, baseOffset }: PartitionAnswer,
    terms: ProducerTerms,
  ): Promise<PartitionAnswer> {
    const at = toOffset(baseOffset);
    return answerOf(index, await this.#batches.placeLate(stream, index, at, terms));
  }
}

/** Whether the broker may append to these partitions. */
function takesAll(stream: Stream, partitions: readonly number[], transactional: boolean): boolean {
  if (placementOf(stream) === 'enforce') return false;
  const isSealing = stream.resharding?.step === 'sealed';
  if (!isSealing && hasOnlyOpenShards(stream)) {
    return partitions.every((index) => index < stream.shards.length);
  }
  return partitions.every((index) => takes(stream, index, transactional));
}

/**
 * If a shard may have received other records of the same producer from a closed shard, the gateway
 * assigns the sequence numbers of a transaction's records: the broker only accepts consecutive
 * ones.
 */
function takes(stream: Stream, index: number, transactional: boolean): boolean {
  const shard = stream.shards[index];
  if (shard === undefined || !isOpen(shard) || isSealed(stream, index)) return false;
  return !(transactional && shard.parentIndex !== undefined);
}

/** The answer for a partition that nothing was written to. */
export function answerOf(index: number, errorCode: number): PartitionAnswer {
  return {
    index,
    errorCode,
    baseOffset: noOffset,
    logAppendTimeMs: noOffset,
    logStartOffset: noOffset,
    recordErrors: [],
    errorMessage: null,
    currentLeader: { leaderId: -1, leaderEpoch: -1 },
  };
}

/** The response with the partition indexes that the client sent. */
function restored(answer: Response, replaced: ReadonlyMap<number, number>): Response {
  const responses = answer.responses.map((topic) => ({
    ...topic,
    partitionResponses: topic.partitionResponses.map((partition) => ({
      ...partition,
      index: replaced.get(partition.index) ?? partition.index,
    })),
  }));
  return { ...answer, responses };
}

/** Merges the broker's results with those for records that went elsewhere, with each topic once. */
export function merged(
  { responses }: Pick<Response, 'responses'>,
  moved: readonly ReroutedTopic[],
): Response['responses'] {
  const topics = [...responses];
  for (const { topic, partitions } of moved) {
    const at = topics.findIndex(
      ({ name, topicId }) => name === topic.name && topicId === topic.topicId,
    );
    const known = topics[at];
    if (known === undefined) {
      const { name, topicId } = topic;
      topics.push({ name, topicId, partitionResponses: [...partitions] });
    } else {
      const partitionResponses = [...known.partitionResponses, ...partitions];
      topics[at] = { ...known, partitionResponses };
    }
  }
  return topics;
}
