/**
 * The connection to the broker behind one client connection: connects, tries other brokers if the
 * client only bootstraps, authenticates, and reauthenticates before the session expires (KIP-368).
 * While the link is busy with that, no data of the client may be written.
 */
import type { OnReadOpts, Socket } from 'node:net';
import { GatewayError } from '../../domain/errors.ts';
import type { BackingBroker, BackingBrokers, LoginChannel } from '../brokers/backing-brokers.ts';
import { within } from '../../runtime/deadline.ts';
import { type ApiTables, decodeResponse, encodeRequest } from '../../wire/frame.ts';
import type { Decoded, Fields, Input } from '../../wire/message.ts';
import {
  saslHandshakeRequest,
  saslHandshakeResponse,
} from '../../wire/messages/17-sasl-handshake.ts';
import {
  saslAuthenticateRequest,
  saslAuthenticateResponse,
} from '../../wire/messages/36-sasl-authenticate.ts';
import type { CallQueue } from './call-queue.ts';
import { endingMsMax } from './connection-end.ts';

export type BackingLinkSettings = {
  readonly backing: BackingBrokers;
  /** The brokers to try, in order. */
  readonly candidates: AsyncIterator<BackingBroker, void>;
  readonly calls: CallQueue;
  readonly onread: OnReadOpts;
  /** The client's requests may be forwarded. */
  readonly onReady: () => void;
  /** The session must be renewed as soon as no frame is partially written. */
  readonly onRenewalDue: () => void;
  /** The write buffer has drained: more may be written. */
  readonly onDrain: () => void;
  /** The broker closed the connection gracefully. */
  readonly onEnd: () => void;
  /** The connection failed or was lost. */
  readonly onLost: (broker: BackingBroker | undefined, cause: unknown) => void;
};

const connectTimeoutMs = 5_000;
const loginTimeoutMs = 15_000;
/** The fraction of the session lifetime after which it is renewed. */
const sessionUsedRatio = 0.8;
/**
 * All supported brokers have these versions: tokens in Kafka frames, the session lifetime in the
 * response.
 */
const saslVersion = 1;
const clientId = 'kineska';
/** The longest timer of Node. */
const timerMsMax = 2 ** 31 - 1;

const handshake = { request: saslHandshakeRequest, response: saslHandshakeResponse };
const authenticate = { request: saslAuthenticateRequest, response: saslAuthenticateResponse };

export class BackingLink {
  readonly #settings: BackingLinkSettings;
  #socket: Socket | undefined;
  #nodeId: number | undefined;
  #renewal: NodeJS.Timeout | undefined;
  #busy = true;
  #renewalDue = false;
  #closed = false;
  #correlationId = 0;

  constructor(settings: BackingLinkSettings) {
    this.#settings = settings;
    void this.#dialNext(undefined, undefined);
  }

  /** Whether it is connecting or authenticating: nothing may be written. */
  get busy(): boolean {
    return this.#busy;
  }

  get renewalDue(): boolean {
    return this.#renewalDue && !this.#busy && !this.#closed;
  }

  get full(): boolean {
    return this.#socket?.writableNeedDrain === true;
  }

  /** Bytes in the write buffer. */
  get unsentBytes(): number {
    return this.#socket?.writableLength ?? 0;
  }

  write(bytes: Buffer): void {
    this.#socket!.write(bytes);
  }

  cork(): void {
    this.#socket?.cork();
  }

  uncork(): void {
    this.#socket?.uncork();
  }

  /** The broker's id, once connected. */
  get nodeId(): number | undefined {
    return this.#nodeId;
  }

  /** Reading responses may continue. */
  resume(): void {
    this.#socket?.resume();
  }

  close(): void {
    this.#leave();
    this.#socket?.destroy();
  }

  /** Closes once the write buffer has drained. */
  end(): void {
    this.#leave();
    const socket = this.#socket;
    socket?.setTimeout(endingMsMax, () => socket.destroy());
    socket?.destroySoon();
  }

  /**
   * Resolves once all written data was sent; at once if there is no connection and none is being
   * opened.
   */
  whenClosed(then: () => void): void {
    const socket = this.#socket;
    if (socket === undefined || socket.closed) then();
    else socket.once('close', then);
  }

  #leave(): void {
    this.#closed = true;
    clearTimeout(this.#renewal);
  }

  /** Sends a request of the gateway's own between those of the client. */
  ask<Q extends Fields, R extends Fields>(
    { request, response }: ApiTables<Q, R>,
    version: number,
    value: Input<Q>,
  ): Promise<Decoded<R>> {
    const correlationId = this.#correlationId++ & 0x7fffffff;
    const head = { size: 0, key: request.key, version, correlationId, clientId };
    return new Promise((resolve) => {
      this.#settings.calls.expectOwn(head, (frame) => {
        resolve(decodeResponse(response, version, frame));
      });
      for (const piece of encodeRequest(request, head, value)) this.#socket!.write(piece);
    });
  }

  /** Called between two frames of the client. */
  renew(): void {
    this.#renewalDue = false;
    void this.#logIn();
  }

  /** Tries the candidates until a connection succeeds. */
  async #dialNext(before: BackingBroker | undefined, cause: unknown): Promise<void> {
    let broker: BackingBroker | undefined;
    let why = cause;
    try {
      broker = (await this.#settings.candidates.next()).value ?? undefined;
    } catch (error) {
      why ??= error;
    }
    if (this.#closed) return;
    if (broker === undefined) this.#settings.onLost(before, why ?? 'no such broker');
    else this.#dial(broker);
  }

  #dial(broker: BackingBroker): void {
    const { backing, onread, onDrain, onEnd, onLost } = this.#settings;
    let connected = false;
    let failure: Error | undefined;
    const socket = backing.dial(broker, onread, () => {
      connected = true;
      this.#nodeId = broker.nodeId;
      clearTimeout(timer);
      if (backing.login === undefined) this.#ready();
      else void this.#logIn();
    });
    const timer = setTimeout(() => {
      socket.destroy(new Error(`no connection within ${connectTimeoutMs} ms`));
    }, connectTimeoutMs);
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('drain', onDrain);
    socket.on('error', (error) => {
      failure = error;
      if (connected) onLost(broker, error);
    });
    // Responses that arrived before the broker closed still reach the client.
    socket.on('end', () => connected && onEnd());
    socket.on('close', () => {
      clearTimeout(timer);
      if (connected) onEnd();
      else if (!this.#closed) void this.#dialNext(broker, failure);
    });
  }

  #ready(): void {
    this.#busy = false;
    this.#settings.onReady();
  }

  async #logIn(): Promise<void> {
    this.#busy = true;
    const startedAtMs = Date.now();
    const late = () => {
      throw new GatewayError('unavailable', `no login within ${loginTimeoutMs} ms`);
    };
    try {
      const login = this.#settings.backing.login!(this.#channel());
      const sessionMs = await within(loginTimeoutMs, login, late);
      if (this.#closed) return;
      if (sessionMs > 0) this.#planRenewal(startedAtMs + sessionMs * sessionUsedRatio);
      this.#ready();
    } catch (error) {
      if (!this.#closed) this.#settings.onLost(undefined, error);
    }
  }

  #planRenewal(atMs: number): void {
    const waitMs = Math.min(Math.max(0, atMs - Date.now()), timerMsMax);
    this.#renewal = setTimeout(() => {
      this.#renewalDue = true;
      this.#settings.onRenewalDue();
    }, waitMs);
    this.#renewal.unref();
  }

  #channel(): LoginChannel {
    const { remoteAddress, remotePort } = this.#socket!;
    return {
      name: `${remoteAddress}:${remotePort}`,
      handshake: (mechanism) => this.ask(handshake, saslVersion, { mechanism }),
      authenticate: (authBytes) => this.ask(authenticate, saslVersion, { authBytes }),
    };
  }
}
