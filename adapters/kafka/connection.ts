/**
 * One connection to a broker: requests encoded by the wire tables, pipelined, answered in order.
 *
 * Kafka processes one request per connection at a time, so a request that waits at the broker (a
 * fetch at the end of the log, a JoinGroup) delays those after it: callers use a separate
 * connection for such requests.
 */
import type { Socket } from 'node:net';
import { GatewayError } from '../../src/domain/errors.ts';
import type { BrokerLogin } from '../../src/kafka/brokers/backing-brokers.ts';
import type { BackingObserver } from '../../src/ports/observer.ts';
import { readResponseHeader, writeRequestHeader } from '../../src/wire/header.ts';
import {
  type Decoded,
  type Fields,
  type Input,
  type Message,
  readMessage,
  writeMessage,
} from '../../src/wire/message.ts';
import {
  saslHandshakeRequest,
  saslHandshakeResponse,
} from '../../src/wire/messages/17-sasl-handshake.ts';
import {
  apiVersionsRequest,
  apiVersionsResponse,
} from '../../src/wire/messages/18-api-versions.ts';
import {
  saslAuthenticateRequest,
  saslAuthenticateResponse,
} from '../../src/wire/messages/36-sasl-authenticate.ts';
import { Reader, Writer } from '../../src/wire/primitives.ts';
import { errorCodes } from '../../src/wire/errors.ts';
import { frameMemory } from './frame-memory.ts';

export type BrokerAddress = { readonly host: string; readonly port: number };

/** Opens the transport: plain TCP or TLS. Rejects on failure. */
export type Connect = (address: BrokerAddress) => Promise<Socket>;

export type ConnectionSettings = {
  readonly connect: Connect;
  readonly clientId: string;
  readonly observer?: BackingObserver | undefined;
  /** Absent if brokers require no authentication. */
  readonly login?: BrokerLogin | undefined;
};

/** The request and response tables of one API. */
export type Api<Q extends Fields, R extends Fields> = {
  readonly request: Message<Q>;
  readonly response: Message<R>;
};

export type RequestOptions = {
  /** The highest version to use, if the meaning of fields changes in a later one. */
  readonly versionMax?: number;
  /** How long the broker may take to respond. */
  readonly timeoutMs?: number;
  /** The broker will not respond (Produce with acks=0). */
  readonly noResponse?: boolean;
};

const requestTimeoutMs = 30_000;
const timeoutCheckEveryMs = 1_000;
/** Frames larger than any expected response are treated as garbage. */
const frameBytesMax = 128 * 1024 * 1024;
const requestsInFlightMax = 10_000;
/** How many answered requests stay in the queue before it is compacted. */
const answeredKeptMax = 256;
/** ApiVersions, which a SASL listener answers before authentication. */
const answersToStrangersMax = 1;
/** Every broker since 2.4 supports this version. */
const apiVersionsVersion = 3;
/** Tokens in SaslAuthenticate requests, whose response contains the session lifetime (KIP-368). */
const saslHandshakeVersion = 1;
const saslAuthenticateVersion = 1;
/**
 * After this fraction of the session lifetime the connection accepts no further requests; another
 * one is opened.
 */
const sessionUsedRatio = 0.8;

const handshakeApi = { request: saslHandshakeRequest, response: saslHandshakeResponse };
const authenticateApi = { request: saslAuthenticateRequest, response: saslAuthenticateResponse };

type Pending = {
  readonly correlationId: number;
  readonly name: string;
  readonly sentAtMs: number;
  readonly deadlineMs: number;
  read(frame: Buffer): void;
  fail(error: GatewayError): void;
};

type VersionRange = { readonly min: number; readonly max: number };

export class Connection {
  readonly #socket: Socket;
  readonly #settings: ConnectionSettings;
  readonly #address: BrokerAddress;
  readonly #frames = new FrameSplitter();
  readonly #timer: NodeJS.Timeout;
  /** In the order of the requests; answered ones are cleared, so that they hold no memory. */
  #pending: (Pending | undefined)[] = [];
  #pendingHead = 0;
  #correlationId = 0;
  #answered = 0;
  #versions = new Map<number, VersionRange>();
  #failure: GatewayError | undefined;
  #retiresAtMs = Infinity;

  private constructor(socket: Socket, address: BrokerAddress, settings: ConnectionSettings) {
    this.#socket = socket;
    this.#address = address;
    this.#settings = settings;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('error', (cause) => this.#fail('was lost', cause));
    socket.on('close', () => this.#fail(`was closed${this.#hint()}`));
    this.#timer = setInterval(() => this.#checkTimeouts(), timeoutCheckEveryMs);
    this.#timer.unref();
  }

  /**
   * Connects, requests the broker's API versions, and authenticates. Errors: `unavailable`,
   * `access-denied`.
   */
  static async open(address: BrokerAddress, settings: ConnectionSettings): Promise<Connection> {
    let socket: Socket;
    try {
      socket = await settings.connect(address);
    } catch (cause) {
      throw unreachable(address, cause);
    }
    const connection = new Connection(socket, address, settings);
    try {
      await connection.#negotiate();
      if (settings.login !== undefined) await connection.#logIn(settings.login);
    } catch (error) {
      connection.close();
      throw error;
    }
    return connection;
  }

  get usable(): boolean {
    return this.#failure === undefined && Date.now() < this.#retiresAtMs;
  }

  close(): void {
    this.#fail('was closed by the gateway');
  }

  /** The broker's version range for this API; undefined if it does not have the API. */
  versionsOf(key: number): VersionRange | undefined {
    return this.#versions.get(key);
  }

  /**
   * Sends one request in the highest version that both sides support, and resolves with its
   * response. Errors: `unavailable` if the connection fails or the broker does not respond in time;
   * WireError if a value is out of range.
   */
  request<Q extends Fields, R extends Fields>(
    api: Api<Q, R>,
    value: Input<Q>,
    options: RequestOptions = {},
  ): Promise<Decoded<R>> {
    return this.#send(api, this.#versionFor(api, options.versionMax), value, options);
  }

  async #negotiate(): Promise<void> {
    const api = { request: apiVersionsRequest, response: apiVersionsResponse };
    const answer = await this.#send(
      api,
      apiVersionsVersion,
      { clientSoftwareName: 'kineska', clientSoftwareVersion: '1' },
      {},
    );
    if (answer.errorCode !== errorCodes.NONE) {
      throw new GatewayError('unavailable', `${this.#name()} refused ApiVersions`);
    }
    for (const { apiKey, minVersion, maxVersion } of answer.apiKeys) {
      this.#versions.set(apiKey, { min: minVersion, max: maxVersion });
    }
  }

  async #logIn(login: BrokerLogin): Promise<void> {
    const startedAtMs = Date.now();
    const { host, port } = this.#address;
    const sessionMs = await login({
      name: `${host}:${port}`,
      handshake: (mechanism) => this.#send(handshakeApi, saslHandshakeVersion, { mechanism }, {}),
      authenticate: (authBytes) =>
        this.#send(authenticateApi, saslAuthenticateVersion, { authBytes }, {}),
    });
    if (sessionMs > 0) this.#retiresAtMs = startedAtMs + sessionMs * sessionUsedRatio;
  }

  #versionFor<Q extends Fields, R extends Fields>(api: Api<Q, R>, versionMax = Infinity): number {
    const { key, name, versionMin, unstableSince } = api.request;
    const broker = this.#versions.get(key);
    const ours = Math.min(api.request.versionMax, unstableSince - 1, versionMax);
    const version = Math.min(ours, broker?.max ?? -1);
    if (broker === undefined || version < Math.max(versionMin, broker.min)) {
      throw new GatewayError('unavailable', `${this.#name()} has no usable version of ${name}`);
    }
    return version;
  }

  #send<Q extends Fields, R extends Fields>(
    api: Api<Q, R>,
    version: number,
    value: Input<Q>,
    { timeoutMs = requestTimeoutMs, noResponse = false }: RequestOptions,
  ): Promise<Decoded<R>> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#pending.length - this.#pendingHead >= requestsInFlightMax) {
      return Promise.reject(new GatewayError('unavailable', `${this.#name()} is overloaded`));
    }
    const correlationId = this.#correlationId;
    this.#correlationId = (correlationId + 1) & 0x7fffffff;
    this.#write(api.request, version, correlationId, value);
    const nowMs = Date.now();
    return new Promise((resolve, reject) => {
      if (noResponse) return resolve({} as Decoded<R>);
      this.#pending.push({
        correlationId,
        name: api.request.name,
        sentAtMs: nowMs,
        deadlineMs: nowMs + timeoutMs,
        read(frame) {
          const reader = new Reader(frame);
          readResponseHeader(reader, api.response, version);
          resolve(readMessage(api.response, version, reader));
        },
        fail: reject,
      });
    });
  }

  /** Large pieces are written as they are, without joining them. */
  #write<Q extends Fields>(
    table: Message<Q>,
    version: number,
    correlationId: number,
    value: Input<Q>,
  ): void {
    const writer = new Writer();
    writeRequestHeader(writer, table, version, correlationId, this.#settings.clientId);
    writeMessage(table, version, value, writer);
    const size = Buffer.allocUnsafe(4);
    size.writeInt32BE(writer.size);
    // Corking sends the pieces in one system call.
    this.#socket.cork();
    this.#socket.write(size);
    for (const piece of writer.finish()) this.#socket.write(piece);
    this.#socket.uncork();
  }

  #onData(chunk: Buffer): void {
    try {
      this.#frames.push(chunk, (frame) => this.#onFrame(frame));
    } catch (cause) {
      this.#fail(`sent an invalid response${this.#hint()}`, cause);
    }
  }

  #onFrame(frame: Buffer): void {
    const pending = this.#pending[this.#pendingHead];
    if (pending === undefined || frame.readInt32BE(0) !== pending.correlationId) {
      throw new GatewayError('unavailable', 'an answer that nothing asked for');
    }
    this.#answered++;
    this.#pending[this.#pendingHead++] = undefined;
    if (this.#pendingHead === this.#pending.length || this.#pendingHead >= answeredKeptMax) {
      this.#pending = this.#pending.slice(this.#pendingHead);
      this.#pendingHead = 0;
    }
    const durationMs = Date.now() - pending.sentAtMs;
    this.#settings.observer?.call('kafka', pending.name, durationMs, false);
    try {
      pending.read(frame);
    } catch (cause) {
      const message = `${this.#name()} answered ${pending.name} with broken bytes`;
      pending.fail(new GatewayError('unavailable', message, { cause }));
    }
  }

  #checkTimeouts(): void {
    const nowMs = Date.now();
    for (let index = this.#pendingHead; index < this.#pending.length; index++) {
      const { deadlineMs, name } = this.#pending[index]!;
      if (deadlineMs < nowMs) return this.#fail(`did not answer ${name} in time`);
    }
    const isIdle = this.#pendingHead === this.#pending.length;
    if (isIdle && nowMs >= this.#retiresAtMs) this.#fail('has had its session');
  }

  /** Responses arrive in order, so a response that cannot be read fails the connection. */
  #fail(how: string, cause?: unknown): void {
    if (this.#failure !== undefined) return;
    const message = `the connection to ${this.#name()} ${how}`;
    this.#failure = new GatewayError('unavailable', message, { cause });
    clearInterval(this.#timer);
    this.#socket.destroy();
    const waiting = this.#pending.filter((pending) => pending !== undefined);
    this.#pending = [];
    this.#pendingHead = 0;
    for (const pending of waiting) {
      const durationMs = Date.now() - pending.sentAtMs;
      this.#settings.observer?.call('kafka', pending.name, durationMs, true);
      pending.fail(this.#failure);
    }
  }

  /** Brokers close connections with the wrong security protocol without giving a reason. */
  #hint(): string {
    const isPlain = this.#settings.login === undefined;
    if (!isPlain || this.#answered > answersToStrangersMax) return '';
    return ' at once: does its listener want TLS or SASL? See --kafka-security-protocol';
  }

  #name(): string {
    return `Kafka at ${this.#address.host}:${this.#address.port}`;
  }
}

function unreachable(address: BrokerAddress, cause: unknown): GatewayError {
  const message = `Kafka at ${address.host}:${address.port} cannot be reached`;
  return new GatewayError('unavailable', message, { cause });
}

/** Splits a stream of bytes into frames; a frame that spans chunks is copied once, into place. */
class FrameSplitter {
  #sizeBytes = Buffer.alloc(4);
  #sizeFill = 0;
  #frame: Buffer | undefined;
  #frameFill = 0;

  push(chunk: Buffer, onFrame: (frame: Buffer) => void): void {
    let position = 0;
    while (position < chunk.length) {
      if (this.#frame !== undefined) {
        position += this.#fill(chunk, position, onFrame);
        continue;
      }
      if (this.#sizeFill === 0 && chunk.length - position >= 4) {
        const size = checkedSize(chunk.readInt32BE(position));
        position += 4;
        if (chunk.length - position >= size) {
          onFrame(chunk.subarray(position, position + size));
          position += size;
        } else {
          this.#begin(size);
        }
        continue;
      }
      this.#sizeBytes[this.#sizeFill++] = chunk[position++]!;
      if (this.#sizeFill === 4) this.#begin(checkedSize(this.#sizeBytes.readInt32BE(0)));
    }
  }

  #begin(size: number): void {
    this.#sizeFill = 0;
    this.#frame = frameMemory.take(size);
    this.#frameFill = 0;
  }

  #fill(chunk: Buffer, position: number, onFrame: (frame: Buffer) => void): number {
    const frame = this.#frame!;
    const copied = chunk.copy(frame, this.#frameFill, position);
    this.#frameFill += copied;
    if (this.#frameFill === frame.length) {
      this.#frame = undefined;
      onFrame(frame);
    }
    return copied;
  }
}

function checkedSize(size: number): number {
  if (size < 4 || size > frameBytesMax) {
    throw new GatewayError('unavailable', `a frame of ${size} bytes`);
  }
  return size;
}
