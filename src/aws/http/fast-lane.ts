/**
 * The fast path for ordinary requests. Node's http takes longer for a small request than the
 * gateway and the cluster together, so the form that nearly all clients send is parsed here: a POST
 * over HTTP/1.1 whose head arrives in one piece, with a Content-Length and nothing unusual. The
 * rule that keeps this safe: a head that does not clearly have that form is never interpreted here.
 * The connection is handed over to http, with all bytes of that request, and stays there.
 */
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import type { Session } from '../../access/session.ts';
import { BodyMemory } from '../../runtime/memory/body-memory.ts';
import { smallBodyBytesMax } from '../protocol/exchange.ts';
import type { HttpRequest, HttpResponse } from '../protocol/http-message.ts';
import type { Router } from '../protocol/router.ts';
import { incomplete } from './body.ts';
import type { ByteBudget } from './byte-budget.ts';
import { sessionOf } from './session.ts';

/** Larger bodies are read by http; every action accepts a body of this size. */
export const fastBodyBytesMax = smallBodyBytesMax;
/** Request heads of AWS SDKs have 400 to 1,500 bytes; session tokens may double that. */
const fastHeadBytesMax = 8 * 1024;
const sweepEveryMsMax = 5000;

export type FastLaneSettings = {
  readonly router: Router;
  /** Reports a response and the start of its request, by performance.now(). */
  readonly answered: (response: HttpResponse, bytesOut: number, startedMs: number) => void;
  /** Takes over a connection at the start of a request. */
  readonly handOver: (socket: Socket) => void;
  readonly budget: ByteBudget;
  /** A connection that is idle for this long is closed. */
  readonly keepAliveTimeoutMs: number;
  /** A request whose body is not complete after this time is aborted. */
  readonly bodyTimeoutMs: number;
  /** A connection without progress while a response is computed or sent is closed. */
  readonly silenceTimeoutMs: number;
};

export type FastLane = {
  /** All bytes of the request must be unread or put back. */
  take(socket: Socket): void;
  /** Idle connections are closed at once, others after their response. */
  stop(): void;
};

export function createFastLane(settings: FastLaneSettings): FastLane {
  const connections = new Set<FastConnection>();
  const lane: Lane = { settings, connections, memory: new BodyMemory(), stopping: false };
  const sweep = setInterval(
    () => {
      const nowMs = performance.now();
      for (const connection of connections) connection.closeIfOverdue(nowMs);
    },
    Math.min(sweepEveryMsMax, settings.bodyTimeoutMs),
  );
  sweep.unref();
  return {
    take: (socket) => new FastConnection(socket, lane).start(),
    stop() {
      lane.stopping = true;
      clearInterval(sweep);
      for (const connection of connections) connection.closeIfIdle();
    },
  };
}

type Lane = {
  readonly settings: FastLaneSettings;
  readonly connections: Set<FastConnection>;
  readonly memory: BodyMemory;
  stopping: boolean;
};

/** The part of a request that has been read; its body is complete when `filled` is its length. */
type Reading = { readonly head: Head; readonly body: Buffer; filled: number };

class FastConnection {
  readonly session: Session;
  readonly #socket: Socket;
  readonly #lane: Lane;
  /** Bytes after the current request: those of the next one. */
  #rest: Buffer | undefined;
  #reading: Reading | undefined;
  #answering = false;
  #controller: AbortController | undefined;
  /** When the current wait started. */
  #sinceMs = performance.now();

  constructor(socket: Socket, lane: Lane) {
    this.session = sessionOf(socket);
    this.#socket = socket;
    this.#lane = lane;
  }

  start(): void {
    this.#lane.connections.add(this);
    this.#socket.on('data', this.#take);
    this.#socket.on('close', this.#closed);
    this.#socket.on('end', this.#ended);
  }

  closeIfIdle(): void {
    if (!this.#answering && this.#reading === undefined) this.#socket.destroy();
  }

  closeIfOverdue(nowMs: number): void {
    const { keepAliveTimeoutMs, bodyTimeoutMs, silenceTimeoutMs } = this.#lane.settings;
    const waitedMs = nowMs - this.#sinceMs;
    const reading = this.#reading;
    if (reading !== undefined) {
      if (waitedMs > bodyTimeoutMs) this.#giveUp(reading);
    } else if (waitedMs > (this.#answering ? silenceTimeoutMs : keepAliveTimeoutMs)) {
      this.#socket.destroy();
    }
  }

  #giveUp({ head, body }: Reading): void {
    this.#reading = undefined;
    this.#socket.removeListener('close', this.#giveBackUnread);
    this.#serve({ ...head, close: true }, incomplete('in time'), body.length);
  }

  readonly #take = (chunk: Buffer): void => {
    if (this.#answering) {
      // A pipelined request waits for its turn.
      this.#rest = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
      this.#socket.pause();
    } else if (this.#reading === undefined) this.#begin(chunk);
    else this.#fill(this.#reading, chunk);
  };

  readonly #ended = (): void => {
    // A client may half-close after a request; a request that is not complete then never will be.
    if (this.#reading !== undefined) this.#socket.destroy();
    else if (!this.#answering) this.#socket.end();
    // The client may be gone: work that waits on its behalf is aborted, but a response is still
    // sent.
    else this.#controller?.abort();
  };

  readonly #closed = (): void => {
    this.#lane.connections.delete(this);
    this.#controller?.abort();
  };

  #begin(chunk: Buffer): void {
    const head = readHead(chunk);
    // A stream is nothing for the short way.
    const isLeft = head === undefined || this.#lane.settings.router.isStreamed(head.target);
    if (isLeft) return this.#leave(chunk);
    this.#sinceMs = performance.now();
    const end = head.bytes + head.bodyBytes;
    if (chunk.length >= end && this.#lane.settings.budget.tryTake(head.bodyBytes)) {
      if (chunk.length > end) this.#rest = chunk.subarray(end);
      this.#serve(head, chunk.subarray(head.bytes, end), head.bodyBytes);
    } else void this.#waitForBody(head, chunk.subarray(head.bytes));
  }

  /** A client may stall a body that arrives in pieces, so its memory is taken from the budget. */
  async #waitForBody(head: Head, first: Buffer): Promise<void> {
    this.#socket.pause();
    this.#answering = true;
    const { budget } = this.#lane.settings;
    try {
      await budget.take(head.bodyBytes);
    } catch (error) {
      // The body is left unread, so the next request cannot be found.
      return this.#serve({ ...head, close: true }, error as Error, 0);
    }
    this.#answering = false;
    if (this.#socket.destroyed) return budget.giveBack(head.bodyBytes);
    this.#socket.once('close', this.#giveBackUnread);
    const { memory } = this.#lane;
    const reading = { head, body: memory.take(head.bodyBytes), filled: 0 };
    this.#reading = reading;
    this.#fill(reading, first);
    if (!this.#answering) this.#socket.resume();
  }

  readonly #giveBackUnread = (): void => {
    if (this.#reading !== undefined) {
      this.#lane.settings.budget.giveBack(this.#reading.head.bodyBytes);
    }
  };

  #fill(reading: Reading, chunk: Buffer): void {
    const { head, body } = reading;
    const wanted = body.length - reading.filled;
    chunk.copy(body, reading.filled, 0, wanted);
    reading.filled += Math.min(chunk.length, wanted);
    if (reading.filled < body.length) return;
    if (chunk.length > wanted) this.#rest = chunk.subarray(wanted);
    this.#reading = undefined;
    this.#socket.removeListener('close', this.#giveBackUnread);
    this.#serve(head, body, body.length, this.#lane.memory);
  }

  /** `lent`: the buffer that contains the body, to be released afterwards. */
  #serve(head: Head, body: Buffer | Error, bytesTaken: number, lent?: BodyMemory): void {
    this.#answering = true;
    this.#answer(head, body, bytesTaken, lent).catch(() => this.#socket.destroy());
  }

  /** For the current request: aborted when the client is gone. */
  signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#socket.readableEnded) this.#controller.abort();
    return this.#controller.signal;
  }

  async #answer(
    head: Head,
    body: Buffer | Error,
    bytesTaken: number,
    lent: BodyMemory | undefined,
  ): Promise<void> {
    const { settings } = this.#lane;
    const startedMs = this.#sinceMs;
    const response = await settings.router.answer(new FastRequest(head, body, this));
    if (lent !== undefined && body instanceof Buffer && response.bodyIsCopied) lent.giveBack(body);
    if (bytesTaken > 0) settings.budget.giveBack(bytesTaken);
    this.#controller = undefined;
    const close = this.#lane.stopping || head.close;
    const bytesOut = writeAnswer(this.#socket, response, close, settings.keepAliveTimeoutMs);
    settings.answered(response, bytesOut, startedMs);
    this.#sinceMs = performance.now();
    if (close) this.#finish();
    else if (this.#socket.writableNeedDrain) this.#socket.once('drain', this.#next);
    else this.#next();
  }

  readonly #next = (): void => {
    this.#answering = false;
    this.#sinceMs = performance.now();
    const rest = this.#rest;
    if (rest !== undefined) {
      this.#rest = undefined;
      this.#begin(rest);
    }
    if (this.#answering) return;
    if (this.#socket.readableEnded) this.#socket.end();
    else if (this.#socket.isPaused()) this.#socket.resume();
  };

  /** The rest is read and dropped, so that the end of the client's data is noticed. */
  #finish(): void {
    this.#answering = false;
    this.#socket.removeListener('data', this.#take);
    this.#socket.end();
    this.#socket.resume();
  }

  /** From here on the connection belongs to http. */
  #leave(unread: Buffer): void {
    const socket = this.#socket;
    this.#lane.connections.delete(this);
    socket.removeListener('data', this.#take);
    socket.removeListener('close', this.#closed);
    socket.removeListener('end', this.#ended);
    socket.pause();
    socket.unshift(unread);
    this.#lane.settings.handOver(socket);
    socket.resume();
  }
}

class FastRequest implements HttpRequest {
  readonly method = 'POST';
  readonly url = '/';
  readonly headers: Head['headers'];
  readonly #lines: string;
  readonly #body: Buffer | Error;
  readonly #connection: FastConnection;

  constructor({ headers, lines }: Head, body: Buffer | Error, connection: FastConnection) {
    this.headers = headers;
    this.#lines = lines;
    this.#body = body;
    this.#connection = connection;
  }

  /** Parsed on demand: most requests are answered without them. */
  get rawHeaders(): readonly string[] {
    return headersIn(this.#lines);
  }

  get session(): Session {
    return this.#connection.session;
  }

  get signal(): AbortSignal {
    return this.#connection.signal();
  }

  body(): Buffer {
    if (this.#body instanceof Error) throw this.#body;
    return this.#body;
  }

  /** Requests with streams leave the fast path; here the body is always complete. */
  stream(_bytesMax: number, arrived: (bytes: number) => void): Readable {
    const body = this.body();
    arrived(body.length);
    return Readable.from([body]);
  }
}

type Head = {
  /** Including the empty line. */
  readonly bytes: number;
  readonly bodyBytes: number;
  /** All header lines, as received. */
  readonly lines: string;
  /** The headers that are read for every request. */
  readonly headers: Readonly<Record<string, string>>;
  readonly target: string | undefined;
  /** The client wants the connection closed after the response. */
  readonly close: boolean;
};

const requestLine = Buffer.from('POST / HTTP/1.1\r\n', 'latin1');
const headEnd = Buffer.from('\r\n\r\n', 'latin1');
/** Lines of printable ASCII, each terminated by CR LF; no folded lines, no empty names. */
const plainHead = /^(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e]*\r\n)+$/;
const plainLength = /^\d{1,8}$/;
/** Headers that request more than a simple response. */
const unusual: ReadonlySet<string> = new Set(['transfer-encoding', 'expect', 'upgrade', 'te']);
/** The headers that are read for every request; the others are kept unparsed. */
const wanted: ReadonlySet<string> = new Set([
  ...unusual,
  'host',
  'connection',
  'content-length',
  'content-type',
  'x-amz-target',
  'authorization',
  'origin',
]);
const wantedLengths: ReadonlySet<number> = new Set([...wanted].map(({ length }) => length));

/** Undefined for everything that is not clearly an ordinary request with a complete head. */
function readHead(chunk: Buffer): Head | undefined {
  if (chunk.length < requestLine.length) return undefined;
  if (requestLine.compare(chunk, 0, requestLine.length) !== 0) return undefined;
  const end = chunk.indexOf(headEnd, requestLine.length - 2);
  if (end === -1 || end > fastHeadBytesMax) return undefined;
  const text = chunk.toString('latin1', requestLine.length, end + 2);
  if (!plainHead.test(text)) return undefined;
  const headers: Record<string, string> = {};
  for (let at = 0; at < text.length;) {
    const colon = text.indexOf(':', at);
    const lineEnd = text.indexOf('\r\n', colon);
    if (wantedLengths.has(colon - at)) {
      const name = text.slice(at, colon).toLowerCase();
      // Duplicated headers are ambiguous; http has rules for them.
      if (headers[name] !== undefined || unusual.has(name)) return undefined;
      if (wanted.has(name)) headers[name] = text.slice(colon + 1, lineEnd).trim();
    }
    at = lineEnd + 2;
  }
  return headOf(headers, text, end + headEnd.length);
}

function headOf(headers: Record<string, string>, lines: string, bytes: number): Head | undefined {
  const { host, connection, 'content-length': length, 'x-amz-target': target } = headers;
  if (host === undefined || length === undefined || !plainLength.test(length)) return undefined;
  const bodyBytes = Number(length);
  if (bodyBytes > fastBodyBytesMax) return undefined;
  const wish = connection?.toLowerCase();
  if (wish !== undefined && wish !== 'keep-alive' && wish !== 'close') return undefined;
  return { bytes, bodyBytes, lines, headers, target, close: wish === 'close' };
}

/** Alternating names and values. */
function headersIn(lines: string): readonly string[] {
  const found: string[] = [];
  for (let at = 0; at < lines.length;) {
    const colon = lines.indexOf(':', at);
    const lineEnd = lines.indexOf('\r\n', colon);
    found.push(lines.slice(at, colon), lines.slice(colon + 1, lineEnd).trim());
    at = lineEnd + 2;
  }
  return found;
}

/** Returns the size of the body. */
function writeAnswer(
  socket: Socket,
  { status, headers, body, release }: HttpResponse,
  close: boolean,
  keepAliveTimeoutMs: number,
): number {
  const content = body as Exclude<typeof body, Readable>;
  const length = typeof content === 'string' ? Buffer.byteLength(content) : content.length;
  let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`;
  for (const name in headers) head += `${name}: ${headers[name]}\r\n`;
  head += `content-length: ${length}\r\ndate: ${dateOfNow()}\r\n`;
  const keepAliveSeconds = Math.floor(keepAliveTimeoutMs / 1000);
  head += close
    ? 'connection: close\r\n\r\n'
    : `connection: keep-alive\r\nkeep-alive: timeout=${keepAliveSeconds}\r\n\r\n`;
  if (typeof content === 'string') {
    // Text is sent in one piece with the head; with the cheaper encoding if it is all ASCII.
    socket.write(head + content, length === content.length ? 'latin1' : 'utf8');
    return length;
  }
  socket.cork();
  socket.write(head, 'latin1');
  socket.write(content, () => release?.());
  socket.uncork();
  return length;
}

let dateMs = 0;
let date = '';

/** The Date header; computed once a second. */
function dateOfNow(): string {
  const nowMs = Date.now();
  if (nowMs - dateMs >= 1000 || nowMs < dateMs) {
    dateMs = nowMs - (nowMs % 1000);
    date = new Date(nowMs).toUTCString();
  }
  return date;
}
