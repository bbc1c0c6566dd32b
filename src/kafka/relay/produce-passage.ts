/**
 * The ways of Produce requests on one connection. Most pass as they came: those that are all there
 * after a look at their partitions, larger ones for a single topic while they come. Where the rules
 * of a stream want more than a look, the request is collected, and parted or asked about first.
 */
import type { ValueOf } from '../../wire/message.ts';
import type { produceRequest, produceResponse } from '../../wire/messages/00-produce.ts';
import type { passingMetadataResponse } from '../../wire/messages/03-metadata.ts';
import type { Stream } from '../../domain/streams/stream.ts';
import type { KafkaApi, KafkaContext } from '../api.ts';
import { metadata } from '../apis/03-metadata.ts';
import type { BackingLink } from './backing-link.ts';
import type { CallQueue, PendingCall } from './call-queue.ts';
import type { ChannelMute } from './channel-mute.ts';
import { decodeRequest, decodeResponse, encodeRequest } from './frame-codec.ts';
import { acksAll, hasProduceError, raiseAcks } from '../produce/acks.ts';
import { merged, type ProduceNote, type ProduceOrder } from '../produce/gate.ts';
import { termsOf } from '../produce/producer-terms.ts';
import {
  type ProduceScan,
  ProduceWalk,
  scanProduce,
  scanProduceStart,
  type ScannedTopic,
} from '../../wire/scan/produce.ts';
import type { RequestHead } from '../../wire/scan/request-head.ts';
import type { TopicLabel } from '../../wire/scan/topic-label.ts';
import { produceThrottle, type ShardThrottling } from '../rules/shard-throttling.ts';

export type ProduceRelaySettings = {
  readonly context: KafkaContext;
  /** Whether Produce to streams with Kinesis rules waits for replicas whatever the client asks. */
  readonly raisesAcks: boolean;
  /** Absent where no shard has limits. */
  readonly throttling: ShardThrottling | undefined;
  readonly calls: CallQueue;
  readonly backing: BackingLink;
  readonly mute: ChannelMute;
  readonly isClosed: () => boolean;
  /** Gives the client an answer of the gateway's own, in its turn. */
  readonly answer: (head: RequestHead, api: KafkaApi, answer: Input) => void;
  readonly close: () => void;
};

type Request = ValueOf<typeof produceRequest>;
type Response = ValueOf<typeof produceResponse>;
type Input = Pick<Response, 'responses' | 'throttleTimeMs'>;
type MetadataResponse = typeof passingMetadataResponse;
type Acks = Pick<ProduceScan, 'acks'>;

/** The first version that tells what a client may do with a topic. */
const metadataVersion = 9;
/** The first version that names a topic by its id: for brokers that take Produce by ids. */
const metadataByIdVersion = 12;
/** Bit of the operation WRITE, whose code is 4. */
const writeOperation = 1 << 4;

/** A request that goes on while it comes. */
export type PassingProduce = {
  /** See ProduceWalk.through. */
  through(buffer: Buffer, position: number): number;
};

export class ProduceRelay {
  readonly #settings: ProduceRelaySettings;
  readonly #order: ProduceOrder = { last: Promise.resolve() };

  constructor(settings: ProduceRelaySettings) {
    this.#settings = settings;
  }

  /** Whether a request that is all there goes on as it is. Throws WireError. */
  pass(frame: Buffer, head: RequestHead, api: KafkaApi): boolean {
    const scan = scanProduce([frame], head);
    const views = this.#settings.context.produce.judge(scan);
    if (typeof views === 'string') return false;
    this.#accept(head, api, [frame], scan, views);
    return true;
  }

  /** Whether a request of which `start` is there goes on while the rest of it comes. */
  passWhileItComes(start: Buffer, head: RequestHead, api: KafkaApi): PassingProduce | undefined {
    const { produce } = this.#settings.context;
    const begun = scanProduceStart(start, head);
    const views = begun && produce.judgeAny(begun.topic);
    if (begun === undefined || views === undefined) return undefined;
    if (this.#raises(begun, views)) raiseAcks([start], begun.acksAt);
    const [view] = views;
    const walk = new ProduceWalk(begun, head, view?.shards.length ?? Infinity);
    const note = this.#noteOf(begun, views, head, walk.replaced);
    const call = this.#expect(head, api, begun, note);
    return {
      through: (buffer, position) => {
        const end = walk.through(buffer, position);
        if (walk.isDone) this.#throttle(call, this.#charge([walk.topic], views));
        return end;
      },
    };
  }

  /**
   * Takes a request that was collected. What is behind it waits where it takes time: until it is
   * known where its records go. Throws WireError.
   */
  take(head: RequestHead, api: KafkaApi, pieces: readonly Buffer[]): Promise<void> | undefined {
    const scan = scanProduce(pieces, head);
    const views = this.#settings.context.produce.judge(scan);
    if (typeof views === 'string') return this.#ask(head, api, pieces, scan);
    this.#accept(head, api, pieces, scan, views);
    this.#write(pieces);
    return undefined;
  }

  async #ask(
    head: RequestHead,
    api: KafkaApi,
    pieces: readonly Buffer[],
    scan: ProduceScan,
  ): Promise<void> {
    const { calls, context, isClosed } = this.#settings;
    const { produce } = context;
    await this.#learnNames(scan.topics);
    const { found, verdict } = await produce.ask(scan);
    if (isClosed()) return;
    if (verdict !== 'part') {
      this.#accept(head, api, pieces, scan, verdict);
      return this.#write(pieces);
    }
    // What went to a partition before must be settled before more of it goes elsewhere.
    await calls.whenProduced();
    await this.#order.last;
    const frame = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
    const request = decodeRequest(api, head, frame) as Request;
    const mayWrite = (topic: string) => this.#mayWrite(topic);
    const { views, rest, moved } = await produce.part(request, head.version, found, mayWrite);
    if (isClosed()) return;
    const streams = found.filter((each) => typeof each === 'object');
    const waitMs = this.#charge(scan.topics, streams);
    if (rest.length > 0) {
      const acks = this.#raises(scan, views) ? acksAll : request.acks;
      const parted = encodeRequest(api, head, { ...request, acks, topicData: rest });
      const terms = termsOf(scan.transactionalId, head.version);
      const note = { views, terms, order: this.#order, moved };
      this.#throttle(this.#expect(head, api, scan, note), waitMs);
      this.#write(parted);
    }
    this.#answerMoved(head, api, scan, await moved, rest.length > 0, waitMs);
  }

  /** Answers a request of which nothing went to the broker; or ends the connection, as Kafka. */
  #answerMoved(
    head: RequestHead,
    api: KafkaApi,
    { acks }: Acks,
    moved: Awaited<ProduceNote['moved'] & {}>,
    hasRest: boolean,
    waitMs: number,
  ): void {
    const { answer, close, isClosed, mute } = this.#settings;
    if (isClosed()) return;
    const told = { responses: merged({ responses: [] }, moved), throttleTimeMs: waitMs };
    if (acks === 0) {
      if (hasProduceError(told)) close();
    } else if (!hasRest) {
      answer(head, api, told);
    }
    if (!hasRest && waitMs > 0) mute.start(waitMs);
  }

  /** The request goes on as it is, but for what it asks of replicas. */
  #accept(
    head: RequestHead,
    api: KafkaApi,
    pieces: readonly Buffer[],
    scan: ProduceScan,
    views: readonly Stream[],
  ): void {
    if (this.#raises(scan, views)) raiseAcks(pieces, scan.acksAt);
    const waitMs = this.#charge(scan.topics, views);
    this.#throttle(this.#expect(head, api, scan, this.#noteOf(scan, views, head)), waitMs);
  }

  #write(pieces: readonly Buffer[]): void {
    const { backing } = this.#settings;
    backing.cork();
    for (const piece of pieces) backing.write(piece);
    backing.uncork();
  }

  /** Whether its records wait for all replicas although the client asks for less. */
  #raises({ acks }: Acks, views: readonly Stream[]): boolean {
    return views.length > 0 && acks !== acksAll && this.#settings.raisesAcks;
  }

  #noteOf(
    { transactionalId }: Pick<ProduceScan, 'transactionalId'>,
    views: readonly Stream[],
    { version }: RequestHead,
    replaced?: ProduceNote['replaced'],
  ): ProduceNote | undefined {
    if (views.length === 0) return undefined;
    return { views, terms: termsOf(transactionalId, version), order: this.#order, replaced };
  }

  /** What a request costs; answers the ms that the client waits. */
  #charge(topics: readonly ScannedTopic[], streams: readonly Stream[]): number {
    return this.#settings.throttling?.charge(topics, streams) ?? 0;
  }

  /** The answer to a request, where there is one, tells the client to wait. */
  #throttle(call: PendingCall | undefined, waitMs: number): void {
    const { mute } = this.#settings;
    if (waitMs === 0) return;
    if (call === undefined) return mute.start(waitMs);
    call.kind = 'hook';
    call.throttle = produceThrottle(call.head.version, waitMs);
    mute.awaitAnswer();
  }

  /** The call that the client gets the answer of; undefined where it wants none. */
  #expect(
    head: RequestHead,
    api: KafkaApi,
    { acks }: Acks,
    note: ProduceNote | undefined,
  ): PendingCall | undefined {
    if (acks !== 0) return this.#settings.calls.expect(head, api, note);
    // Who asked for no answer gets none; as with Kafka, an error ends the connection.
    if (this.#raises({ acks }, note?.views ?? [])) this.#expectOwn(head, api, note);
    return undefined;
  }

  #expectOwn(head: RequestHead, api: KafkaApi, note: ProduceNote | undefined): void {
    const { calls, close, context } = this.#settings;
    const { produce } = context;
    const closeOnError = (answer: Pick<Response, 'responses'>) => {
      if (hasProduceError(answer)) close();
    };
    calls.expectOwn(head, api, (frame) => {
      const answer = decodeResponse(api, head, frame) as Response;
      if (note === undefined || produce.isSettled(note)) return closeOnError(answer);
      produce.settle(answer, note).then(closeOnError, () => close());
    });
  }

  /**
   * Names of topics that the client has by their ids from another process, which saw its Metadata.
   */
  async #learnNames(topics: readonly TopicLabel[]): Promise<void> {
    const { backing, context } = this.#settings;
    const { topicNames } = context;
    const unknown = topics.flatMap(({ id }) =>
      id === undefined || topicNames.get(id) !== undefined ? [] : [{ topicId: id, name: null }],
    );
    if (unknown.length === 0) return;
    const request = { topics: unknown, allowAutoTopicCreation: false };
    const answer = await backing.ask<MetadataResponse>(metadata, metadataByIdVersion, request);
    for (const { name, topicId } of answer.topics) {
      if (name !== null) topicNames.note(topicId, name);
    }
  }

  /**
   * Whether the broker would take records of this client for the topic (KIP-430). What goes
   * elsewhere is written by the gateway, so clients that log in themselves are asked for.
   */
  async #mayWrite(topic: string): Promise<boolean> {
    const { backing, context } = this.#settings;
    if (!context.clientsLogIn) return true;
    const answer = await backing.ask<MetadataResponse>(metadata, metadataVersion, {
      topics: [{ name: topic }],
      allowAutoTopicCreation: false,
      includeTopicAuthorizedOperations: true,
    });
    const operations = answer.topics.find(({ name }) => name === topic)?.topicAuthorizedOperations;
    return operations !== undefined && operations > 0 && (operations & writeOperation) !== 0;
  }
}
