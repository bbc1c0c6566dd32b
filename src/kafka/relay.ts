/**
 * One client connection and its connection to the broker behind the port.
 *
 * Requests go on in the order they came, pipelined; answers go back in that order. Frames pass in
 * pieces, as they arrive: only the head of a request is looked at, and only a frame that a hook of
 * its API must see is collected. Each side is read no faster than the other side is written.
 */
import type { OnReadOpts, Socket } from 'node:net';
import type { Logger } from 'pino';
import type { ValueOf } from '../wire/message.ts';
import type { produceRequest, produceResponse } from '../wire/messages/00-produce.ts';
import type { metadataResponse } from '../wire/messages/03-metadata.ts';
import { WireError } from '../wire/primitives.ts';
import type { Stream } from '../domain/stream.ts';
import type { BackingBroker, BackingBrokers } from '../ports/backing-brokers.ts';
import type { DoorObserver } from '../ports/observer.ts';
import type { KafkaApi, KafkaContext } from './api.ts';
import { metadata } from './apis/03-metadata.ts';
import { BackingLink } from './backing-link.ts';
import { CallQueue, type PendingCall } from './call-queue.ts';
import { ChannelMute } from './channel-mute.ts';
import {
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  errorNameOf,
} from './frame-codec.ts';
import { acksAll, hasProduceError, raiseAcks } from './produce-acks.ts';
import { merged, type ProduceNote, type ProduceOrder, termsOf } from './produce-gate.ts';
import { type ProduceScan, scanProduce } from './produce-scan.ts';
import { noteRead } from '../streams/young-memory.ts';
import { ReadBuffer } from './read-buffers.ts';
import { describeGarbage, isProduce, readHead, type RequestHead } from './request-head.ts';
import { ResponseFlow } from './response-flow.ts';
import { type FetchThrottling, produceThrottle, type ShardThrottling } from './shard-throttling.ts';

/** Which broker a client has come for; undefined where any will do. */
export type WantedBroker = {
  readonly nodeId: number | undefined;
  /** Those to try, in order. */
  readonly candidates: AsyncIterator<BackingBroker, void>;
};

export type RelaySettings = {
  readonly apis: ReadonlyMap<number, KafkaApi>;
  readonly context: KafkaContext;
  readonly backing: BackingBrokers;
  readonly observer: DoorObserver;
  readonly logger: Logger;
  /** Whether Produce to streams with Kinesis rules waits for replicas whatever the client asks. */
  readonly raisesAcks: boolean;
  /** Absent where no shard has limits. */
  readonly throttling: ShardThrottling | undefined;
  /** Larger requests are refused, as Kafka does by socket.request.max.bytes. */
  readonly frameBytesMax: number;
};

/** Requests of one connection under way; above it the client is not read. */
const callsMax = 10_000;
/** The smallest request header: key, version, correlation id, client id. */
const requestBytesMin = 10;

/** A request that is looked at before it goes on. */
type Collected = {
  readonly head: RequestHead;
  readonly api: KafkaApi;
  readonly pieces: Buffer[];
  missing: number;
};

type ProduceRequest = ValueOf<typeof produceRequest>;
type ProduceResponse = ValueOf<typeof produceResponse>;
type MetadataResponse = typeof metadataResponse;

/** The first version that tells what a client may do with a topic. */
const metadataVersion = 9;
/** Bit of the operation WRITE, whose code is 4. */
const writeOperation = 1 << 4;
const noFrame = Buffer.alloc(0);

export class Relay {
  readonly #settings: RelaySettings;
  readonly #client: Socket;
  readonly #backing: BackingLink;
  readonly #wantedId: number | undefined;
  readonly #calls = new CallQueue();
  readonly #responses: ResponseFlow;
  /** Bytes of the client that wait: the start of a frame, or behind a hook that takes time. */
  #held: Buffer | undefined;
  #hookBusy = false;
  #quiet = false;
  /** Bytes of the frame that passes now. */
  #passing = 0;
  #collected: Collected | undefined;
  readonly #produceOrder: ProduceOrder = { last: Promise.resolve() };
  readonly #mute = new ChannelMute(() => this.#resumeClient());
  #fetches: FetchThrottling | undefined;
  #closed = false;
  onClosed: () => void = () => undefined;

  constructor(client: Socket, wanted: WantedBroker, settings: RelaySettings) {
    this.#settings = settings;
    this.#client = client;
    client.setNoDelay(true);
    this.#wantedId = wanted.nodeId;
    this.#backing = this.#link(wanted.candidates);
    const { context, observer } = settings;
    this.#responses = new ResponseFlow(client, this.#backing, this.#calls, {
      context,
      connection: this,
      observer,
      onFailure: (reason, cause) => this.#refuse(reason, cause),
      onRoom: () => this.#resumeClient(),
      onThrottled: (waitMs) => this.#mute.start(waitMs),
    });
    client.on('data', (chunk: Buffer) => this.#onClientData(chunk));
    client.on('drain', () => this.#responses.resume());
    client.on('error', () => this.close());
    client.on('close', () => this.close());
    observer.connectionOpened();
  }

  /** Requests that are still to be answered. */
  get callsInFlight(): number {
    return this.#closed ? 0 : this.#calls.length;
  }

  /** The broker that the client has come for, while another one serves in its place. */
  get standsInFor(): number | undefined {
    const { nodeId } = this.#backing;
    return nodeId === undefined || nodeId === this.#wantedId ? undefined : this.#wantedId;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** Takes no further request; what is under way is answered. */
  quiesce(): void {
    this.#quiet = true;
    // A frame that has begun still comes in whole.
    if (this.#mustWait()) this.#client.pause();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#client.destroy();
    this.#backing.close();
    this.#mute.close();
    this.#settings.observer.connectionClosed();
    this.onClosed();
  }

  #link(candidates: AsyncIterator<BackingBroker, void>): BackingLink {
    return new BackingLink({
      backing: this.#settings.backing,
      candidates,
      calls: this.#calls,
      onread: this.#reading(),
      onReady: () => this.#resumeClient(),
      onRenewalDue: () => this.#renewBetweenFrames(),
      onDrain: () => this.#resumeClient(),
      onEnd: () => this.#client.destroySoon(),
      onLost: (broker, cause) => {
        this.#settings.logger.warn({ broker, cause }, 'broker connection lost');
        this.close();
      },
    });
  }

  /** What the broker says is read into buffers that go round. */
  #reading(): OnReadOpts {
    let buffer = ReadBuffer.next(undefined, 0);
    return {
      buffer: () => buffer.bytes,
      callback: (readBytes) => {
        const filled = buffer;
        buffer = ReadBuffer.next(filled, readBytes);
        return this.#responses.push(filled, readBytes);
      },
    };
  }

  /** Whether the login was begun anew: the client waits until it is done. */
  #renewBetweenFrames(): boolean {
    if (!this.#backing.renewalDue || this.#passing > 0 || this.#hookBusy) return false;
    this.#backing.renew();
    return true;
  }

  #onClientData(chunk: Buffer): void {
    noteRead(chunk.length);
    const held = this.#held;
    this.#held = held === undefined ? chunk : Buffer.concat([held, chunk]);
    this.#process();
    if (this.#mustWait()) this.#client.pause();
  }

  #mustWait(): boolean {
    if (this.#quiet && this.#passing === 0 && this.#collected === undefined) return true;
    if (this.#hookBusy || this.#mute.isOn || this.#backing.busy) return true;
    return this.#backing.full || this.#calls.length >= callsMax;
  }

  #resumeClient(): void {
    if (this.#closed || this.#hookBusy) return;
    if (this.#renewBetweenFrames()) return;
    if (this.#held !== undefined) this.#process();
    if (!this.#mustWait()) this.#client.resume();
  }

  /** Works through what was read; leaves in #held what cannot go on yet. */
  #process(): void {
    const buffer = this.#held;
    if (buffer === undefined || this.#hookBusy || this.#backing.busy || this.#closed) return;
    this.#held = undefined;
    this.#backing.cork();
    try {
      const end = this.#processFrames(buffer);
      if (end < buffer.length && !this.#closed) this.#held = buffer.subarray(end);
    } catch (error) {
      this.#refuse('broken-request', error);
    }
    this.#backing.uncork();
    this.#renewBetweenFrames();
  }

  /**
   * Passes on whole and partial frames; neighbours that need no change go out as one piece.
   * Answers how far it came.
   */
  #processFrames(buffer: Buffer): number {
    let position = 0;
    let runStart = 0;
    const flush = (end: number) => {
      if (end > runStart) this.#backing.write(buffer.subarray(runStart, end));
    };
    while (position < buffer.length && !this.#closed && !this.#hookBusy) {
      if ((this.#mute.isOn || this.#backing.renewalDue) && this.#passing === 0) break;
      if (this.#passing > 0) {
        const size = Math.min(this.#passing, buffer.length - position);
        this.#passing -= size;
        position += size;
        continue;
      }
      if (this.#collected === undefined) {
        const begun = this.#beginFrame(buffer, position);
        if (begun === 'incomplete') break;
        if (begun === 'pass') continue;
        if (begun === 'refused') return buffer.length;
      }
      flush(position);
      position = this.#collect(buffer, position);
      runStart = position;
    }
    flush(position);
    return position;
  }

  #beginFrame(buffer: Buffer, position: number): 'incomplete' | 'pass' | 'collect' | 'refused' {
    if (buffer.length - position < 4) return 'incomplete';
    const size = buffer.readInt32BE(position);
    if (size < requestBytesMin || size > this.#settings.frameBytesMax) {
      return this.#refuse(describeGarbage(buffer, position));
    }
    const head = readHead(buffer, position);
    if (head === undefined) return 'incomplete';
    const api = this.#settings.apis.get(head.key);
    if (api === undefined) return this.#refuse('unknown-api-key');
    // The client asks again when it knows which brokers there are.
    if (api.isOfOneBroker && this.standsInFor !== undefined) return this.#refuse('other-broker');
    const served = isServed(api, head.version);
    if (!served && api.unknownVersionAnswer === undefined) {
      return this.#refuse('unknown-api-version');
    }
    if (isProduce(head) && served && this.#passProduce(buffer, position, head, api)) return 'pass';
    if (isProduce(head) || api.onRequest !== undefined || !served) {
      this.#collected = { head, api, pieces: [], missing: size + 4 };
      return 'collect';
    }
    this.#pass(buffer, position, head, api);
    return 'pass';
  }

  /** Whether a Produce request that is all there goes on as it is, which most do. */
  #passProduce(buffer: Buffer, position: number, head: RequestHead, api: KafkaApi): boolean {
    const end = position + 4 + head.size;
    if (end > buffer.length) return false;
    const pieces = [buffer.subarray(position, end)];
    const scan = scanProduce(pieces, head);
    const views = this.#settings.context.produce.judge(scan);
    if (typeof views === 'string' || this.#raises(scan, views)) return false;
    this.#passing = head.size + 4;
    const waitMs = this.#charge(head, pieces, views);
    const note = this.#noteOf(scan, views, head);
    this.#throttle(scan.acks === 0 ? undefined : this.#expect(head, api, note), waitMs);
    return true;
  }

  /** The frame goes on as it is, but for the version where the API says so. */
  #pass(buffer: Buffer, position: number, head: RequestHead, api: KafkaApi): void {
    if (api.relayedVersionMax !== undefined && head.version > api.relayedVersionMax) {
      buffer.writeInt16BE(api.relayedVersionMax, position + 6);
    }
    this.#passing = head.size + 4;
    const call = this.#expect(head, api, undefined);
    const { throttling } = this.#settings;
    if (throttling === undefined || api.readsRecords === undefined) return;
    this.#fetches ??= throttling.reader();
    call.throttle = this.#fetches.look(buffer, position, head);
    if (call.throttle !== undefined) call.kind = 'hook';
  }

  /** What a Produce request costs; answers the ms that the client waits. */
  #charge(head: RequestHead, pieces: readonly Buffer[], streams: readonly Stream[]): number {
    return this.#settings.throttling?.charge(pieces, head, streams) ?? 0;
  }

  /** The answer to a Produce request, where there is one, tells the client to wait. */
  #throttle(call: PendingCall | undefined, waitMs: number): void {
    if (waitMs === 0) return;
    if (call === undefined) return this.#mute.start(waitMs);
    call.kind = 'hook';
    call.throttle = produceThrottle(call.head.version, waitMs);
    this.#mute.awaitAnswer();
  }

  #expect(head: RequestHead, api: KafkaApi, note: unknown): PendingCall {
    const hooked = api.onResponse !== undefined && head.version >= (api.responseHookSince ?? 0);
    const call: PendingCall = {
      api,
      head,
      startedAtMs: performance.now(),
      kind: hooked ? 'hook' : 'relay',
      note,
      pieces: undefined,
    };
    this.#calls.push(call);
    return call;
  }

  /** Takes memory for what has come, not for what a frame claims to be. */
  #collect(buffer: Buffer, position: number): number {
    const collected = this.#collected!;
    const piece = buffer.subarray(position, position + collected.missing);
    collected.pieces.push(piece);
    collected.missing -= piece.length;
    if (collected.missing === 0) {
      this.#collected = undefined;
      const { head, api, pieces } = collected;
      if (isProduce(head) && isServed(api, head.version)) this.#produce(head, api, pieces);
      else this.#handle(head, api, joined(pieces));
    }
    return position + piece.length;
  }

  /** Whether its records wait for all replicas although the client asks for less. */
  #raises(scan: ProduceScan, views: readonly unknown[]): boolean {
    return views.length > 0 && scan.acks !== acksAll && this.#settings.raisesAcks;
  }

  #noteOf(scan: ProduceScan, views: ProduceNote['views'], head: RequestHead) {
    if (views.length === 0) return undefined;
    const terms = termsOf(scan.transactionalId, head.version);
    return { views, terms, order: this.#produceOrder } satisfies ProduceNote;
  }

  #produce(head: RequestHead, api: KafkaApi, pieces: readonly Buffer[]): void {
    const scan = scanProduce(pieces, head);
    const views = this.#settings.context.produce.judge(scan);
    if (typeof views !== 'string') return this.#sendProduce(head, api, pieces, scan, views);
    this.#hookBusy = true;
    this.#askProduce(head, api, pieces, scan)
      .catch((error: unknown) => {
        const isBroken = error instanceof WireError;
        this.#refuse(isBroken ? 'broken-request' : 'failed-request', error);
      })
      .finally(() => {
        this.#hookBusy = false;
        this.#resumeClient();
      });
  }

  /** What is behind the request waits until it is known where its records go. */
  async #askProduce(
    head: RequestHead,
    api: KafkaApi,
    pieces: readonly Buffer[],
    scan: ProduceScan,
  ): Promise<void> {
    const { produce } = this.#settings.context;
    const { found, verdict } = await produce.ask(scan);
    if (this.#closed) return;
    if (verdict !== 'part') return this.#sendProduce(head, api, pieces, scan, verdict);
    // What went to a partition before must be settled before more of it goes elsewhere.
    await this.#calls.whenProduced();
    await this.#produceOrder.last;
    const request = decodeRequest(api, head, joined(pieces)) as ProduceRequest;
    const mayWrite = (topic: string) => this.#mayWrite(topic);
    const { views, rest, moved } = await produce.part(request, head.version, found, mayWrite);
    if (this.#closed) return;
    const waitMs = this.#charge(
      head,
      pieces,
      found.filter((each) => typeof each === 'object'),
    );
    if (rest.length > 0) {
      const acks = this.#raises(scan, views) ? acksAll : request.acks;
      const frame = encodeRequest(api, head, { ...request, acks, topicData: rest });
      const terms = termsOf(scan.transactionalId, head.version);
      const note = { views, terms, order: this.#produceOrder, moved };
      this.#write(head, api, frame, {
        isSilent: scan.acks === 0,
        isRaised: acks === acksAll,
        note,
        waitMs,
      });
    }
    const isAnswered = rest.length > 0;
    await this.#answerMoved(head, api, scan, await moved, isAnswered, waitMs);
  }

  /** Answers a request of which nothing went to the broker; or ends the connection, as Kafka. */
  async #answerMoved(
    head: RequestHead,
    api: KafkaApi,
    { acks }: ProduceScan,
    moved: Awaited<ProduceNote['moved'] & {}>,
    hasRest: boolean,
    waitMs: number,
  ): Promise<void> {
    if (this.#closed) return;
    const answer = { responses: merged({ responses: [] }, moved), throttleTimeMs: waitMs };
    if (acks === 0) {
      if (hasProduceError(answer)) this.close();
    } else if (!hasRest) {
      this.#handOver(head, api, noFrame, { answer });
    }
    if (!hasRest && waitMs > 0) this.#mute.start(waitMs);
  }

  #sendProduce(
    head: RequestHead,
    api: KafkaApi,
    pieces: readonly Buffer[],
    scan: ProduceScan,
    views: ProduceNote['views'],
  ): void {
    const isRaised = this.#raises(scan, views);
    if (isRaised) raiseAcks(pieces, scan.acksAt);
    const note = this.#noteOf(scan, views, head);
    const waitMs = this.#charge(head, pieces, views);
    this.#write(head, api, pieces, { isSilent: scan.acks === 0, isRaised, note, waitMs });
  }

  #write(
    head: RequestHead,
    api: KafkaApi,
    pieces: readonly Buffer[],
    how: {
      readonly isSilent: boolean;
      readonly isRaised: boolean;
      readonly note: ProduceNote | undefined;
      readonly waitMs: number;
    },
  ): void {
    this.#throttle(how.isSilent ? undefined : this.#expect(head, api, how.note), how.waitMs);
    // Who asked for no answer gets none; as with Kafka, an error ends the connection.
    if (how.isSilent && how.isRaised) this.#expectOwn(head, api, how.note);
    this.#backing.cork();
    for (const piece of pieces) this.#backing.write(piece);
    this.#backing.uncork();
  }

  #expectOwn(head: RequestHead, api: KafkaApi, note: ProduceNote | undefined): void {
    const { produce } = this.#settings.context;
    const closeOnError = (answer: Pick<ProduceResponse, 'responses'>) => {
      if (hasProduceError(answer)) this.close();
    };
    this.#calls.push({
      api,
      head,
      startedAtMs: performance.now(),
      kind: 'own',
      note: undefined,
      pieces: undefined,
      take: (frame) => {
        const answer = decodeResponse(api, head, frame) as ProduceResponse;
        if (note === undefined || produce.isSettled(note)) return closeOnError(answer);
        produce.settle(answer, note).then(closeOnError, () => this.close());
      },
    });
  }

  /**
   * Whether the broker would take records of this client for the topic (KIP-430). What goes
   * elsewhere is written by the gateway, so clients that log in themselves are asked for.
   */
  async #mayWrite(topic: string): Promise<boolean> {
    if (!this.#settings.context.clientsLogIn) return true;
    const answer = await this.#backing.ask<MetadataResponse>(metadata, metadataVersion, {
      topics: [{ name: topic }],
      allowAutoTopicCreation: false,
      includeTopicAuthorizedOperations: true,
    });
    const operations = answer.topics.find(({ name }) => name === topic)?.topicAuthorizedOperations;
    return operations !== undefined && operations > 0 && (operations & writeOperation) !== 0;
  }

  /** Lets the API's hook decide; nothing behind the request is read before it has. */
  #handle(head: RequestHead, api: KafkaApi, frame: Buffer): void {
    if (!isServed(api, head.version)) {
      const answer = api.unknownVersionAnswer!;
      return this.#handOver({ ...head, version: 0 }, api, frame, { answer });
    }
    const request = decodeRequest(api, head, frame);
    const call = {
      ...this.#settings.context,
      version: head.version,
      clientId: head.clientId,
      connection: this,
    };
    const decided = api.onRequest!(request, call);
    const goOn = (decision: Awaited<typeof decided>) => {
      const isAsItCame = typeof decision === 'object' && 'relay' in decision;
      if (!isAsItCame || decision.relay !== request) {
        return this.#handOver(head, api, frame, decision);
      }
      if (this.#closed) return;
      this.#expect(head, api, decision.note);
      this.#backing.write(frame);
    };
    if (!(decided instanceof Promise)) return goOn(decided);
    this.#hookBusy = true;
    decided
      .then(goOn)
      .catch((error: unknown) => this.#refuse('failed-request', error))
      .finally(() => {
        this.#hookBusy = false;
        this.#resumeClient();
      });
  }

  #handOver(
    head: RequestHead,
    api: KafkaApi,
    frame: Buffer,
    decision: Awaited<ReturnType<NonNullable<KafkaApi['onRequest']>>>,
  ): void {
    if (this.#closed) return;
    if (decision === 'relay') {
      this.#expect(head, api, undefined);
      this.#backing.write(frame);
    } else if ('relay' in decision) {
      this.#expect(head, api, decision.note);
      for (const piece of encodeRequest(api, head, decision.relay)) this.#backing.write(piece);
    } else {
      const call = this.#expect(head, api, undefined);
      call.kind = 'local';
      call.pieces = encodeResponse(api, head, decision.answer);
      this.#responses.answerReady(errorNameOf(decision.answer));
    }
  }

  /** Ends the connection, as Kafka does with what it cannot read. */
  #refuse(reason: string, cause?: unknown): 'refused' {
    if (this.#closed) return 'refused';
    const { logger, observer } = this.#settings;
    const { remoteAddress, remotePort } = this.#client;
    logger.warn({ reason, remoteAddress, remotePort, cause }, 'Kafka connection refused');
    observer.refused(reason);
    this.close();
    return 'refused';
  }
}

function joined(pieces: readonly Buffer[]): Buffer {
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
}

function isServed({ request }: KafkaApi, version: number): boolean {
  return version >= request.versionMin && version <= request.versionMax;
}
