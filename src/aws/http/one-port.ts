/**
 * One listening port for HTTP/1.1 and HTTP/2, each in cleartext and over TLS. The first bytes of a
 * connection decide: a TLS record starts with 0x16, HTTP/2 with its preface. Within TLS, the
 * negotiated protocol (ALPN) decides; without one, the first bytes decide again, because some
 * clients use HTTP/2 by prior knowledge there.
 */
import { createServer as createHttp1, type RequestListener, type Server } from 'node:http';
import { createServer as createHttp2, type Http2Server, type ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import { createServer as createTls, type TLSSocket } from 'node:tls';
import type { DoorObserver } from '../../ports/observer.ts';
import type { Certificate } from '../../runtime/certificate.ts';
import type { FastLane } from './fast-lane.ts';

export type ConnectionLimits = {
  /**
   * A client that is silent for this long is disconnected: before its first bytes, and during the
   * TLS handshake.
   */
  readonly greetingTimeoutMs: number;
  /** How long the head of a request may take. */
  readonly headersTimeoutMs: number;
  /**
   * A whole body, from its first byte to its last; of one that is read as a stream, the longest
   * wait for more of it.
   */
  readonly bodyTimeoutMs: number;
  /** Longer than clients keep idle connections, so that the client closes first. */
  readonly keepAliveTimeoutMs: number;
  /** How long a connection may be without data in either direction, with or without a request. */
  readonly silenceTimeoutMs: number;
  readonly connectionsMax: number;
};
export const connectionLimits: ConnectionLimits = {
  greetingTimeoutMs: 10_000,
  headersTimeoutMs: 15_000,
  bodyTimeoutMs: 60_000,
  keepAliveTimeoutMs: 75_000,
  silenceTimeoutMs: 180_000,
  connectionsMax: 10_000,
};
export const headBytesMax = 32 * 1024;

const streamsPerSessionMax = 1000;
/**
 * The flow-control window fits a whole PutRecords on each stream, so that uploads never wait for a
 * round trip.
 */
const streamWindowBytes = 1024 * 1024;
const sessionWindowBytes = 16 * 1024 * 1024;
const sessionMegabytesMax = 64;

const tlsFirstByte = 0x16;
/** No HTTP/1.1 method starts like the HTTP/2 preface. */
const http2Start = Buffer.from('PRI', 'latin1');

export type OnePort = {
  /** Listens, and tracks the connections of all protocols. */
  readonly server: Server;
  /** Closes idle connections, and sends GOAWAY to HTTP/2 clients. */
  closeIdle(): void;
  destroyConnections(): void;
};

export function createOnePort(
  handler: RequestListener,
  certificate: Certificate,
  observer: DoorObserver,
  limits: ConnectionLimits,
  fastLaneFor: (handOver: (socket: Socket) => void) => FastLane,
): OnePort {
  const connections = new Set<Socket>();
  const server = createHttp1Server(handler, limits);
  // http's own connection listener, for connections with HTTP/1.1.
  const speakHttp1 = server.listeners('connection') as ((socket: Socket) => void)[];
  server.removeAllListeners('connection');
  const http2 = createHttp2Server(handler, limits);
  const guard: Guard = { observer, timeoutMs: limits.greetingTimeoutMs, silent: new Set() };
  const fastLane = fastLaneFor((socket) =>
    speakHttp1.forEach((listen) => listen.call(server, socket)),
  );
  const speak: Speakers = {
    http1: (socket) => fastLane.take(socket),
    http2: (socket) => http2.server.emit('connection', socket),
    tls: createTlsTerminator(certificate, limits, observer, (socket) =>
      greetInsideTls(socket, speak, guard),
    ),
  };
  server.on('connection', (socket: Socket) => {
    track(socket, connections, observer);
    greet(socket, speak, guard);
  });
  server.on('clientError', (_error, socket) => {
    observer.refused('malformed-http');
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
    else socket.destroy();
  });
  return {
    server,
    closeIdle() {
      fastLane.stop();
      for (const socket of guard.silent) socket.destroy();
      for (const session of http2.sessions) session.close();
    },
    destroyConnections: () => connections.forEach((socket) => socket.destroy()),
  };
}

function createHttp1Server(handler: RequestListener, limits: ConnectionLimits): Server {
  const server = createHttp1({
    headersTimeout: limits.headersTimeoutMs,
    // A stream may take as long as it makes progress. Bodies have their own limits of time, and
    // one that nobody reads ends with the answer.
    requestTimeout: 0,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    maxHeaderSize: headBytesMax,
    connectionsCheckingInterval: Math.min(5000, limits.headersTimeoutMs),
  });
  server.on('request', handler);
  server.maxConnections = limits.connectionsMax;
  server.timeout = limits.silenceTimeoutMs;
  return server;
}

type Guard = {
  readonly observer: DoorObserver;
  readonly timeoutMs: number;
  /** Connections whose protocol is not known yet. */
  readonly silent: Set<Socket>;
};
type Speak = (socket: Socket) => void;
type Speakers = { readonly http1: Speak; readonly http2: Speak; readonly tls: Speak };

function greet(socket: Socket, speak: Speakers, guard: Guard): void {
  peek(socket, guard, (first) => {
    const isTls = first[0] === tlsFirstByte;
    // http allows a client to half-close while it waits for the response; with TLS and HTTP/2, such
    // a client is gone.
    if (isTls || isHttp2(first)) socket.allowHalfOpen = false;
    if (isTls) speak.tls(socket);
    else if (isHttp2(first)) speak.http2(socket);
    else speak.http1(socket);
  });
}

function greetInsideTls(socket: TLSSocket, speak: Speakers, guard: Guard): void {
  if (socket.alpnProtocol === 'h2') return speak.http2(socket);
  if (socket.alpnProtocol === 'http/1.1') return speak.http1(socket);
  peek(socket, guard, (first) => {
    if (!isHttp2(first)) return speak.http1(socket);
    // The HTTP/2 server would refuse a TLS connection without a negotiated protocol.
    socket.alpnProtocol = 'h2';
    speak.http2(socket);
  });
}

function isHttp2(first: Buffer): boolean {
  return first.length >= http2Start.length && first.subarray(0, 3).equals(http2Start);
}

/**
 * Waits for enough bytes to distinguish the protocols, and puts them back: the next owner of the
 * connection reads from the start.
 */
function peek(socket: Socket, guard: Guard, decide: (first: Buffer) => void): void {
  let seen: Buffer = Buffer.alloc(0);
  const stop = (): void => {
    clearTimeout(timer);
    guard.silent.delete(socket);
    socket.removeListener('readable', look);
    socket.removeListener('end', giveUp);
    socket.removeListener('close', stop);
  };
  const giveUp = (): void => {
    stop();
    socket.destroy();
  };
  const look = (): void => {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) return;
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
    const undecided = seen.length < http2Start.length && http2Start.indexOf(seen) === 0;
    if (undecided) return;
    stop();
    socket.unshift(seen);
    decide(seen);
  };
  const timer = setTimeout(() => {
    guard.observer.refused('silent-connection');
    giveUp();
  }, guard.timeoutMs);
  guard.silent.add(socket);
  socket.on('readable', look);
  socket.once('end', giveUp);
  socket.once('close', stop);
}

function track(socket: Socket, connections: Set<Socket>, observer: DoorObserver): void {
  connections.add(socket);
  observer.connectionOpened();
  socket.setNoDelay(true);
  // An error only ends its own connection; the protocol's server sees it too.
  socket.on('error', () => socket.destroy());
  socket.once('close', () => {
    connections.delete(socket);
    observer.connectionClosed();
  });
}

function createTlsTerminator(
  certificate: Certificate,
  limits: ConnectionLimits,
  observer: DoorObserver,
  greetInside: (socket: TLSSocket) => void,
): Speak {
  const terminator = createTls(
    {
      ...certificate,
      ALPNProtocols: ['h2', 'http/1.1'],
      handshakeTimeout: limits.greetingTimeoutMs,
    },
    (socket) => {
      socket.on('error', () => socket.destroy());
      greetInside(socket);
    },
  );
  // A client that does not trust the certificate disconnects, too.
  terminator.on('tlsClientError', (_error, socket) => {
    observer.refused('tls-handshake');
    socket.destroy();
  });
  return (socket) => terminator.emit('connection', socket);
}

function createHttp2Server(
  handler: RequestListener,
  limits: ConnectionLimits,
): {
  server: Http2Server;
  sessions: Set<ServerHttp2Session>;
} {
  const sessions = new Set<ServerHttp2Session>();
  const server = createHttp2({
    maxSessionMemory: sessionMegabytesMax,
    settings: {
      maxConcurrentStreams: streamsPerSessionMax,
      initialWindowSize: streamWindowBytes,
      maxHeaderListSize: headBytesMax,
    },
  });
  // The compatibility API provides requests and responses like those of http.
  server.on('request', handler as unknown as Parameters<typeof server.on>[1]);
  server.on('session', (session) => {
    sessions.add(session);
    session.setLocalWindowSize(sessionWindowBytes);
    session.setTimeout(limits.silenceTimeoutMs, () => session.destroy());
    session.on('error', () => session.destroy());
    session.once('close', () => sessions.delete(session));
  });
  server.on('sessionError', () => {});
  return { server, sessions };
}
