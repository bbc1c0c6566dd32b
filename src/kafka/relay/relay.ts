/**
 * One client connection and its connection to the broker behind the port.
 *
 * Requests are forwarded in order, pipelined, and responses are returned in the same order. Frames
 * pass in pieces, as they arrive: only the head of a request is parsed, and only frames that a hook
 * of their API needs are collected. Each side is read no faster than the other side can be written.
 */
import type { OnReadOpts, Socket } from 'node:net';
import type { Logger } from 'pino';
import { requestHeaderBytesMin } from '../../wire/header.ts';
import { WireError } from '../../wire/primitives.ts';
import type { Authorizer } from '../../access/authorizer.ts';
import type { BackingBroker, BackingBrokers } from '../brokers/backing-brokers.ts';
import type { DoorObserver } from '../../ports/observer.ts';
import type { KafkaApi, KafkaContext, PassingRequest } from '../api.ts';
import { type KafkaSession, sessionOf } from '../session.ts';
import { BackingLink } from './backing-link.ts';
import { CallQueue } from './call-queue.ts';
import { ChannelMute } from './channel-mute.ts';
import { ConnectionEnd, type EndingConnections, endingMsMax } from './connection-end.ts';
import { noteRead } from '../../runtime/memory/young-memory.ts';
import { ReadBuffer } from '../../runtime/memory/read-buffers.ts';
import { describeGarbage, readHead, type RequestHead } from '../../wire/scan/request-head.ts';
import { isServed, RequestFlow } from './request-flow.ts';
import { ResponseFlow } from './response-flow.ts';

/** The broker that a client wants; undefined if any will do. */
export type WantedBroker = {
  readonly nodeId: number | undefined;
  /** The brokers to try, in order. */
  readonly candidates: AsyncIterator<BackingBroker, void>;
};

export type RelaySettings = {
  readonly apis: ReadonlyMap<number, KafkaApi>;
  readonly context: KafkaContext;
  readonly backing: BackingBrokers;
  readonly authorizer: Authorizer;
  readonly observer: DoorObserver;
  readonly logger: Logger;
  /** The total of connections that linger after their clients' data. */
  readonly ending: EndingConnections;
  /** Larger requests are refused, like Kafka's socket.request.max.bytes. */
  readonly frameBytesMax: number;
};

/** The most requests in flight per connection; above it, the client is not read. */
const callsMax = 10_000;

/** A request that is collected before it is processed. */
type Collected = {
  readonly head: RequestHead;
  readonly api: KafkaApi;
  readonly pieces: Buffer[];
  missing: number;
};

export class Relay {
  readonly session: KafkaSession;
  readonly #settings: RelaySettings;
  readonly #client: Socket;
  readonly #backing: BackingLink;
  readonly #wantedId: number | undefined;
  readonly #calls = new CallQueue();
  readonly #requests: RequestFlow;
  readonly #responses: ResponseFlow;
  /** Pending bytes of the client: the start of a frame, or bytes that wait for a hook. */
  #held: Buffer | undefined;
  #hookBusy = false;
  #quiet = false;
  /** Remaining bytes of the frame that is being forwarded. */
  #passing = 0;
  /** Inspects it while it arrives. */
  #comes: PassingRequest | undefined;
  #collected: Collected | undefined;
  readonly #mute = new ChannelMute(() => this.#resumeClient());
  readonly #end: ConnectionEnd;
  #closed = false;
  /** Called when both sockets are closed: until then they may have unsent data. */
  onClosed: () => void = () => undefined;

  constructor(client: Socket, wanted: WantedBroker, settings: RelaySettings) {
    this.#settings = settings;
    this.#client = client;
    this.session = sessionOf(client);
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
    this.#end = new ConnectionEnd({
      all: settings.ending,
      heldBytes: () => this.#heldBytes(),
      isDone: (waitsForAnswers) =>
        this.#isDelivered() && (this.#calls.length === 0 || !waitsForAnswers),
      onDone: () => this.finish(),
      onLate: () => this.close(),
    });
    this.#requests = new RequestFlow({
      context,
      connection: this,
      calls: this.#calls,
      backing: this.#backing,
      mute: this.#mute,
      authorizer: settings.authorizer,
      onAnswered: (error) => this.#responses.answerReady(error),
      close: () => this.close(),
      onRefused: ({ access }) => void this.#refuse('access-denied', access),
    });
    client.on('data', (chunk: Buffer) => this.#onClientData(chunk));
    client.on('drain', () => this.#responses.resume());
    client.on('end', () => this.#beginEnd());
    // The close event follows.
    client.on('error', () => undefined);
    client.on('close', () => {
      // A socket that was reset still has earlier data if reading was paused.
      const rest = client.read() as Buffer | null;
      if (rest !== null) this.#hold(rest);
      this.#beginEnd();
    });
    observer.connectionOpened();
  }

  /** Whether requests are still to be delivered or answered. */
  get isBusy(): boolean {
    return !this.#closed && (this.#calls.length > 0 || !this.#isDelivered());
  }

  /** The connected broker, once there is one. */
  get servedBy(): number | undefined {
    return this.#backing.nodeId;
  }

  /** The broker that the client wants, while another one stands in for it. */
  get standsInFor(): number | undefined {
    const { nodeId } = this.#backing;
    return nodeId === undefined || nodeId === this.#wantedId ? undefined : this.#wantedId;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** Accepts no further requests; those in flight are answered. */
  quiesce(): void {
    this.#quiet = true;
    // A frame that has started is still received completely.
    if (this.#mustWait()) this.#client.pause();
  }

  /** Closes at once; undelivered data of the client is lost. */
  close(): void {
    if (this.#closed) return;
    const isLost = this.#end.hasBegun || this.#quiet;
    if (isLost && !this.#isDelivered()) this.#noteUndelivered();
    this.#leave();
    this.#client.destroy();
    this.#backing.close();
  }

  /** As close; written data that was not sent is lost too. */
  abort(): void {
    this.close();
    this.#client.destroy();
    this.#backing.close();
  }

  /** Closes once the data written to either side was sent. */
  finish(): void {
    if (this.#closed) return;
    this.#leave();
    // A client that does not read its responses keeps the socket open no longer than this.
    this.#client.setTimeout(endingMsMax, () => this.#client.destroy());
    this.#client.destroySoon();
    this.#backing.end();
  }

  #leave(): void {
    this.#closed = true;
    this.#mute.close();
    this.#end.close();
    this.#settings.observer.connectionClosed();
    let open = 2;
    const closed = () => {
      open--;
      if (open === 0) this.onClosed();
    };
    if (this.#client.closed) closed();
    else this.#client.once('close', closed);
    this.#backing.whenClosed(closed);
  }

  /** The client's data has ended, or the client is gone. */
  #beginEnd(): void {
    if (this.#closed) return;
    this.#end.begin();
    // Responses to a client that is gone do not wait for its socket.
    this.#responses.resume();
    this.#resumeClient();
    this.#end.linger();
  }

  /** Bytes of requests that the broker does not have yet. */
  #heldBytes(): number {
    const collected = this.#collected?.pieces.reduce((sum, { length }) => sum + length, 0) ?? 0;
    return (this.#held?.length ?? 0) + collected + this.#backing.unsentBytes;
  }

  /** Whether the broker, or a hook, has all complete requests of the client. */
  #isDelivered(): boolean {
    if (this.#hookBusy) return false;
    if (this.#held === undefined) return true;
    // Data that is held although nothing is waiting is an incomplete request.
    return !this.#mute.isOn && !this.#backing.busy && !this.#backing.renewalDue;
  }

  #noteUndelivered(): void {
    const { logger, observer } = this.#settings;
    const { remoteAddress, remotePort } = this.#client;
    const waiting = { heldBytes: this.#heldBytes(), calls: this.#calls.length };
    logger.warn(
      { ...waiting, remoteAddress, remotePort },
      'requests of a client were not delivered',
    );
    observer.refused('undelivered');
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
      onEnd: () => {
        // No further responses will arrive.
        if (this.#end.hasBegun) this.close();
        else this.#client.destroySoon();
      },
      onLost: (broker, cause) => {
        this.#settings.logger.warn({ broker, cause }, 'broker connection lost');
        this.close();
      },
    });
  }

  /** Responses are read into buffers that are reused. */
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

  /** Whether a reauthentication was started: the client waits until it is complete. */
  #renewBetweenFrames(): boolean {
    if (!this.#backing.renewalDue || this.#passing > 0 || this.#hookBusy) return false;
    this.#backing.renew();
    return true;
  }

  #onClientData(chunk: Buffer): void {
    noteRead(chunk.length);
    if (this.#closed) return;
    this.#hold(chunk);
    this.#process();
    if (this.#mustWait()) this.#client.pause();
  }

  #hold(chunk: Buffer): void {
    const held = this.#held;
    this.#held = held === undefined ? chunk : Buffer.concat([held, chunk]);
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
    this.#end.check();
  }

  /** Processes the data that was read; leaves in #held what must wait. */
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
   * Forwards complete and partial frames; adjacent frames that need no change are written as one
   * piece. Returns the position that was reached.
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
        const end = this.#passTo(buffer, position);
        if (end === position) break;
        this.#passing -= end - position;
        position = end;
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

  /** The position up to which the current frame may be forwarded. */
  #passTo(buffer: Buffer, position: number): number {
    const end = Math.min(position + this.#passing, buffer.length);
    if (this.#comes === undefined) return end;
    const seen = this.#comes.through(buffer, position);
    if (seen === position + this.#passing) this.#comes = undefined;
    return seen;
  }

  #beginFrame(buffer: Buffer, position: number): 'incomplete' | 'pass' | 'collect' | 'refused' {
    if (buffer.length - position < 4) return 'incomplete';
    const size = buffer.readInt32BE(position);
    if (size < requestHeaderBytesMin || size > this.#settings.frameBytesMax) {
      return this.#refuse(describeGarbage(buffer, position));
    }
    const head = readHead(buffer, position);
    if (head === undefined) return 'incomplete';
    const api = this.#settings.apis.get(head.key);
    if (api === undefined) return this.#refuse('unknown-api-key');
    // The client retries once it knows the brokers.
    if (api.isOfOneBroker && this.standsInFor !== undefined) return this.#refuse('other-broker');
    if (api.onUnknownVersion === undefined && !isServed(api, head.version)) {
      return this.#refuse('unknown-api-version');
    }
    const begun = this.#requests.begin(buffer, position, head, api);
    if (begun === 'collect') {
      this.#collected = { head, api, pieces: [], missing: size + 4 };
      return 'collect';
    }
    this.#passing = size + 4;
    if (begun !== 'pass') this.#comes = begun;
    return 'pass';
  }

  /** Uses memory for the data that has arrived, not for the frame's claimed size. */
  #collect(buffer: Buffer, position: number): number {
    const collected = this.#collected!;
    const piece = buffer.subarray(position, position + collected.missing);
    collected.pieces.push(piece);
    collected.missing -= piece.length;
    if (collected.missing === 0) {
      this.#collected = undefined;
      const { head, api, pieces } = collected;
      this.#await(this.#requests.take(head, api, pieces));
    }
    return position + piece.length;
  }

  /** Later requests wait for one that takes time. */
  #await(taken: Promise<void> | undefined): void {
    if (taken === undefined) return;
    this.#hookBusy = true;
    taken
      .catch((error: unknown) => {
        const isBroken = error instanceof WireError;
        this.#refuse(isBroken ? 'broken-request' : 'failed-request', error);
      })
      .finally(() => {
        this.#hookBusy = false;
        this.#resumeClient();
      });
  }

  /** Closes the connection, as Kafka does for invalid requests. */
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
