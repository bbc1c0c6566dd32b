/**
 * Produce: records to partitions. Source: the Kafka protocol guide; KIP-951 for NodeEndpoints.
 *
 * Most requests are forwarded unchanged: complete ones after an inspection of their partitions,
 * larger ones for a single topic while they arrive. If the rules of a stream require more, the
 * request is collected first, and split if necessary (../produce/gate.ts). Records are not
 * inspected.
 *
 * Versions 0 to 2 are advertised but not served, as in Kafka itself: librdkafka checks for them
 * (KAFKA-18659). From version 10 on, a response may name brokers.
 */
import {
  produceRequest as request,
  produceResponse as response,
} from '../../wire/messages/00-produce.ts';
import type { Stream } from '../../domain/streams/stream.ts';
import { errorCodes } from '../../wire/errors.ts';
import { decodeRequest, encodeRequest } from '../../wire/frame.ts';
import type { ValueOf } from '../../wire/message.ts';
import { metadataRequest, passingMetadataResponse } from '../../wire/messages/03-metadata.ts';
import {
  namesNoBrokers,
  type ProduceScan,
  ProduceWalk,
  scanProduce,
  scanProduceStart,
  type ScannedTopic,
} from '../../wire/scan/produce.ts';
import type { RequestHead } from '../../wire/scan/request-head.ts';
import { onTopics, onTransactionalId } from '../access.ts';
import {
  defineApi,
  type ExpectedAnswer,
  type KafkaContext,
  type Passage,
  type PassageLine,
  type PassingRequest,
} from '../api.ts';
import {
  acksAll,
  acksNone,
  canBeRaised,
  hasProduceError,
  isKnownAcks,
  raiseAcks,
} from '../produce/acks.ts';
import { answerOf, merged, type ProduceNote, type ProduceOrder } from '../produce/gate.ts';
import { termsOf } from '../produce/producer-terms.ts';
import { produceThrottle } from '../rules/shard-throttling.ts';

type Response = ValueOf<typeof response>;
type Line = PassageLine<(typeof response)['fields'], ProduceNote>;
type Acks = Pick<ProduceScan, 'acks'>;

const metadata = { request: metadataRequest, response: passingMetadataResponse };
/** The first version of Metadata that returns the client's authorized operations on a topic. */
const metadataVersion = 9;
/** The bit of the operation WRITE, whose code is 4. */
const writeOperation = 1 << 4;

export const produce = defineApi({
  request,
  response,
  advertisedMin: 0,
  deviations: [
    'Records for a closed shard of a stream are placed on its open descendant, and answered ' +
      'with the base offset −1.',
    'Streams with Kinesis rules are written with acks=all, whatever the client asks ' +
      '(KINESKA_KAFKA_ACKS).',
    'What is over the limits of a shard is written, and throttle_time_ms tells how long to ' +
      'wait (KINESKA_LIMITS).',
  ],
  touches: ({ transactionalId, topicData }, call) => [
    ...(transactionalId === null ? [] : [onTransactionalId('Write', transactionalId)]),
    ...onTopics('Write', topicData, call),
  ],
  onRefused({ acks, topicData }, refusals, call) {
    // A client that asked for no answer gets none.
    if (acks === acksNone) return undefined;
    const refused = new Set(refusals.map(({ access }) => access.name));
    const isTransaction = refusals.some(({ access }) => access.kind === 'transactional-id');
    const responses = topicData.map((topic) => {
      const [on] = onTopics('Write', [topic], call);
      const ofTopic = refused.has(on!.name)
        ? errorCodes.TOPIC_AUTHORIZATION_FAILED
        : errorCodes.OPERATION_NOT_ATTEMPTED;
      const code = isTransaction ? errorCodes.TRANSACTIONAL_ID_AUTHORIZATION_FAILED : ofTopic;
      const partitionResponses = topic.partitionData.map(({ index }) => answerOf(index, code));
      return { name: topic.name, topicId: topic.topicId, partitionResponses };
    });
    return { responses };
  },
  passage: (line: Line, context) => new ProducePassage(line, context),
  passes(buffer, start, version, note, { produce: gate }) {
    if (note !== undefined && !gate.isSettled(note)) return false;
    return namesNoBrokers(buffer, start, version);
  },
  onResponse(answer, { brokers, produce: gate }, note) {
    const isSettled = note === undefined || gate.isSettled(note);
    if (isSettled && answer.nodeEndpoints.length === 0) return undefined;
    const advertised = async () => {
      const settled = isSettled ? answer : await gate.settle(answer, note);
      return { ...settled, nodeEndpoints: await brokers.advertiseAll(answer.nodeEndpoints) };
    };
    return advertised();
  },
});

class ProducePassage implements Passage<(typeof request)['fields']> {
  readonly #line: Line;
  readonly #context: KafkaContext;
  readonly #order: ProduceOrder = { last: Promise.resolve() };

  constructor(line: Line, context: KafkaContext) {
    this.#line = line;
    this.#context = context;
  }

  begin(buffer: Buffer, position: number, head: RequestHead) {
    const end = position + 4 + head.size;
    if (end > buffer.length) return this.#beginPart(buffer.subarray(position), head);
    const frame = buffer.subarray(position, end);
    const scan = scanProduce([frame], head);
    if (!isKnownAcks(scan.acks)) return this.#passInvalid(head);
    const views = this.#context.produce.judge(scan);
    if (typeof views === 'string') return 'collect';
    this.#accept(head, [frame], scan, views);
    return 'pass';
  }

  /** The broker refuses all of it and writes nothing. */
  #passInvalid(head: RequestHead): 'pass' {
    this.#line.expect(head, undefined);
    return 'pass';
  }

  /** Forwards a request while it arrives, if its received part `start` allows it. */
  #beginPart(start: Buffer, head: RequestHead): 'pass' | 'collect' | PassingRequest {
    const begun = scanProduceStart(start, head);
    if (begun !== undefined && !isKnownAcks(begun.acks)) return this.#passInvalid(head);
    const views = begun && this.#context.produce.judgeAny(begun.topic);
    if (begun === undefined || views === undefined) return 'collect';
    if (this.#raises(begun, views)) raiseAcks([start], begun.acksAt);
    const [view] = views;
    const walk = new ProduceWalk(begun, head, view?.shards.length ?? Infinity);
    const note = this.#noteOf(begun, views, head, walk.replaced);
    const answer = this.#expect(head, begun, note);
    return {
      through: (buffer, position) => {
        const end = walk.through(buffer, position);
        if (walk.isDone) this.#throttle(head, answer, this.#charge([walk.topic], views));
        return end;
      },
    };
  }

  /**
   * Processes a collected request. Later requests wait until it is known where its records go.
   * Throws WireError.
   */
  take(head: RequestHead, pieces: readonly Buffer[]): Promise<void> | undefined {
    const scan = scanProduce(pieces, head);
    if (!isKnownAcks(scan.acks)) {
      this.#passInvalid(head);
      this.#line.write(pieces);
      return undefined;
    }
    const views = this.#context.produce.judge(scan);
    if (typeof views === 'string') return this.#ask(head, pieces, scan);
    this.#accept(head, pieces, scan, views);
    this.#line.write(pieces);
    return undefined;
  }

  async #ask(head: RequestHead, pieces: readonly Buffer[], scan: ProduceScan): Promise<void> {
    const line = this.#line;
    const { produce: gate } = this.#context;
    const ids = scan.topics.flatMap(({ id }) => id ?? []);
    await this.#context.topicNames.learn(ids, line);
    const { found, verdict } = await gate.ask(scan);
    if (line.connection.isClosed) return;
    if (verdict !== 'part') {
      this.#accept(head, pieces, scan, verdict);
      return line.write(pieces);
    }
    // Earlier batches for a partition must be complete before further ones are placed elsewhere.
    await line.whenAnswered();
    await this.#order.last;
    const frame = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
    const asked = decodeRequest(request, head.version, frame);
    const mayWrite = (topic: string) => this.#mayWrite(topic);
    const { views, rest, moved } = await gate.part(asked, head.version, found, mayWrite);
    if (line.connection.isClosed) return;
    const streams = found.filter((each) => typeof each === 'object');
    const waitMs = this.#charge(scan.topics, streams);
    if (rest.length > 0) {
      const acks = this.#raises(scan, views) ? acksAll : asked.acks;
      const parted = encodeRequest(request, head, { ...asked, acks, topicData: rest });
      const terms = termsOf(scan.transactionalId, head.version);
      const note = { views, terms, order: this.#order, moved };
      this.#throttle(head, this.#expect(head, scan, note), waitMs);
      line.write(parted);
    }
    this.#answerMoved(head, scan, await moved, rest.length > 0, waitMs);
  }

  /**
   * Responds to a request of which nothing went to the broker, or closes the connection, as Kafka
   * does.
   */
  #answerMoved(
    head: RequestHead,
    { acks }: Acks,
    moved: Awaited<ProduceNote['moved'] & {}>,
    hasRest: boolean,
    waitMs: number,
  ): void {
    const line = this.#line;
    if (line.connection.isClosed) return;
    const answer = { responses: merged({ responses: [] }, moved), throttleTimeMs: waitMs };
    if (acks === acksNone) {
      if (hasProduceError(answer)) line.close();
    } else if (!hasRest) {
      line.answer(head, answer);
    }
    if (!hasRest && waitMs > 0) line.mute.start(waitMs);
  }

  /** Forwards the request unchanged, except for its acks. */
  #accept(
    head: RequestHead,
    pieces: readonly Buffer[],
    scan: ProduceScan,
    views: readonly Stream[],
  ): void {
    if (this.#raises(scan, views)) raiseAcks(pieces, scan.acksAt);
    const waitMs = this.#charge(scan.topics, views);
    this.#throttle(head, this.#expect(head, scan, this.#noteOf(scan, views, head)), waitMs);
  }

  /** Whether its records wait for all in-sync replicas although the client asks for less. */
  #raises({ acks }: Acks, views: readonly Stream[]): boolean {
    return views.length > 0 && canBeRaised(acks) && this.#context.raisesAcks;
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

  /** Charges a request; returns the throttle time in ms. */
  #charge(topics: readonly ScannedTopic[], streams: readonly Stream[]): number {
    return this.#context.throttling?.charge(topics, streams) ?? 0;
  }

  /** Sets the throttle time in the response, if there is one. */
  #throttle({ version }: RequestHead, answer: ExpectedAnswer | undefined, waitMs: number): void {
    const { mute } = this.#line;
    if (waitMs === 0) return;
    if (answer === undefined) return mute.start(waitMs);
    answer.throttle = produceThrottle(version, waitMs);
    mute.awaitAnswer();
  }

  /** The pending response for the client; undefined with acks=0. */
  #expect(
    head: RequestHead,
    { acks }: Acks,
    note: ProduceNote | undefined,
  ): ExpectedAnswer | undefined {
    if (acks !== acksNone) return this.#line.expect(head, note);
    // With acks=0 there is no response; as in Kafka, an error closes the connection.
    if (this.#raises({ acks }, note?.views ?? [])) this.#expectOwn(head, note);
    return undefined;
  }

  #expectOwn(head: RequestHead, note: ProduceNote | undefined): void {
    const line = this.#line;
    const { produce: gate } = this.#context;
    const closeOnError = (answer: Pick<Response, 'responses'>) => {
      if (hasProduceError(answer)) line.close();
    };
    line.expectOwn(head, (answer) => {
      if (note === undefined || gate.isSettled(note)) return closeOnError(answer);
      gate.settle(answer, note).then(closeOnError, () => line.close());
    });
  }

  /**
   * Whether the broker would accept records of this client for the topic (KIP-430). The gateway
   * writes records that go elsewhere, so the broker is asked if clients authenticate themselves.
   */
  async #mayWrite(topic: string): Promise<boolean> {
    if (!this.#context.clientsLogIn) return true;
    const answer = await this.#line.ask(metadata, metadataVersion, {
      topics: [{ name: topic }],
      allowAutoTopicCreation: false,
      includeTopicAuthorizedOperations: true,
    });
    const operations = answer.topics.find(({ name }) => name === topic)?.topicAuthorizedOperations;
    return operations !== undefined && operations > 0 && (operations & writeOperation) !== 0;
  }
}
