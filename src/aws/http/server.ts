/**
 * The AWS door: all kinds of HTTP on one port, in front of the router. fastify serves both HTTP/1.1
 * and HTTP/2; one-port.ts detects the protocol of each connection.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { pipeline, Readable } from 'node:stream';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { DoorObserver } from '../../ports/observer.ts';
import type { Certificate } from '../../runtime/certificate.ts';
import type { HttpResponse } from '../protocol/http-message.ts';
import type { Router } from '../protocol/router.ts';
import { declaredLength, readBody } from './body.ts';
import { BodyStream } from './body-stream.ts';
import { ByteBudget } from './byte-budget.ts';
import { withCors } from './cors.ts';
import { createFastLane, type FastLane } from './fast-lane.ts';
import { type ConnectionLimits, createOnePort, headBytesMax, type OnePort } from './one-port.ts';
import { sessionOf } from './session.ts';

/** How long requests in flight may take after stop(). */
export const drainMsMax = 5000;

export type AwsServerSettings = {
  readonly router: Router;
  readonly host: string;
  /** 0 chooses a free one. */
  readonly port: number;
  readonly certificate: Certificate;
  /** Allowed origins of web pages; `*` allows all. */
  readonly allowedOrigins: readonly string[];
  readonly observer: DoorObserver;
  readonly limits: ConnectionLimits;
};

export type AwsServer = {
  /** Returns the bound port. Errors: the system's own, such as EADDRINUSE. */
  start(): Promise<{ readonly port: number }>;
  /** Stops accepting, waits up to drainMsMax for requests, then closes all connections. */
  stop(): Promise<void>;
};

export function createAwsServer(given: AwsServerSettings): AwsServer {
  const settings = { ...given, router: withCors(given.router, given.allowedOrigins) };
  const { certificate, observer } = settings;
  const flights: Flights = {
    waiting: new Set(),
    endless: new Set(),
    budget: new ByteBudget(),
  };
  let port: OnePort | undefined;
  const app = fastify({
    logger: false,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: headBytesMax },
    // The router responds in AWS's form.
    frameworkErrors: (_error, request, reply) => respond(request, reply, settings, flights),
    serverFactory: (handler) => {
      port = createOnePort(
        handler as RequestListener,
        certificate,
        observer,
        settings.limits,
        fastLaneFor(settings, flights.budget),
      );
      return port.server;
    },
  });
  takeEverything(app, (request, reply) => respond(request, reply, settings, flights));
  return {
    async start() {
      await app.listen({ host: settings.host, port: settings.port });
      return { port: (app.server.address() as AddressInfo).port };
    },
    async stop() {
      for (const controller of flights.endless) controller.abort();
      port?.closeIdle();
      const cut = setTimeout(() => {
        for (const controller of flights.waiting) controller.abort();
        port?.destroyConnections();
      }, drainMsMax);
      await app.close().finally(() => clearTimeout(cut));
    },
  };
}

function fastLaneFor(
  { router, observer, limits }: AwsServerSettings,
  budget: ByteBudget,
): (handOver: (socket: Socket) => void) => FastLane {
  const { keepAliveTimeoutMs, bodyTimeoutMs, silenceTimeoutMs } = limits;
  return (handOver) =>
    createFastLane({
      router,
      answered: (response, bytesOut, startedMs) => report(observer, response, bytesOut, startedMs),
      handOver,
      budget,
      keepAliveTimeoutMs,
      bodyTimeoutMs,
      silenceTimeoutMs,
    });
}

function report(
  observer: DoorObserver,
  { error, traffic }: HttpResponse,
  bytesOut: number,
  startedMs: number,
): void {
  const { service, operation, bytesIn, records } = traffic;
  const durationMs = performance.now() - startedMs;
  observer.request({ service, operation, error, bytesIn, bytesOut, records, durationMs });
}

/** Listeners of requests for the end of their client, of endless requests, and of all bodies. */
type Flights = {
  readonly waiting: Set<AbortController>;
  readonly endless: Set<AbortController>;
  readonly budget: ByteBudget;
};

type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<void>;

/** The router reads bodies, since the action decides their maximum size. */
function takeEverything(app: FastifyInstance, handler: Handler): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  app.all('/', handler);
  app.setNotFoundHandler(handler);
  app.setErrorHandler((error: { code?: string }, request, reply) => {
    // fastify refuses an invalid content type before the handler; AWS treats it like any other.
    if (error.code?.startsWith('FST_ERR_CTP') === true) return handler(request, reply);
    return reply.code(500).send('<InternalFailure/>\n');
  });
}

async function respond(
  request: FastifyRequest,
  reply: FastifyReply,
  { router, observer, limits }: AwsServerSettings,
  flights: Flights,
): Promise<void> {
  const startedMs = performance.now();
  const { raw } = request;
  const flight = watchClient(reply, flights);
  let bytesTaken = 0;
  const response = await router.answer({
    method: raw.method ?? '',
    url: raw.url ?? '/',
    headers: raw.headers,
    rawHeaders: raw.rawHeaders,
    session: sessionOf(raw.socket),
    get signal() {
      return flight.signal();
    },
    async body(bytesMax) {
      const bytes = Math.min(declaredLength(raw) ?? bytesMax, bytesMax);
      await flights.budget.take(bytes);
      bytesTaken = bytes;
      return readBody(raw, bytesMax, limits.bodyTimeoutMs);
    },
    stream(bytesMax, arrived) {
      const body = new BodyStream(raw, { bytesMax, silenceMsMax: limits.bodyTimeoutMs }, arrived);
      reply.raw.once('close', () => body.destroy());
      return body;
    },
  });
  if (bytesTaken > 0) flights.budget.giveBack(bytesTaken);
  // The rest of a refused body is not read.
  if (!raw.complete && raw.httpVersionMajor === 1) response.headers['connection'] = 'close';
  // fastify would add a content type to every body, even where AWS sends none.
  reply.hijack();
  send(reply.raw, response, flight, (bytesOut) => report(observer, response, bytesOut, startedMs));
}

function send(
  raw: ServerResponse,
  { status, headers, body, release }: HttpResponse,
  flight: Flight,
  sent: (bytesOut: number) => void,
): void {
  if (!(body instanceof Readable)) {
    const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
    headers['content-length'] = String(length);
    raw.writeHead(status, headers);
    if (release !== undefined) raw.once('close', release);
    // Text is sent in one piece with the headers; bytes would need a second one.
    raw.end(body);
    sent(length);
    return;
  }
  flight.isEndless();
  raw.writeHead(status, headers);
  // A client may wait for the response's head before it sends the rest of the body.
  raw.flushHeaders();
  let bytesOut = 0;
  body.on('data', (chunk: Buffer) => (bytesOut += chunk.length));
  body.pause();
  // A disconnect is the usual end of a stream; the source is notified by its signal.
  pipeline(body, raw, () => sent(bytesOut));
}

type Flight = { signal(): AbortSignal; isEndless(): void };

/** Creates the signal only on demand: most requests never wait. */
function watchClient(reply: FastifyReply, { waiting, endless }: Flights): Flight {
  let controller: AbortController | undefined;
  const signal = (): AbortSignal => {
    if (controller !== undefined) return controller.signal;
    const made = new AbortController();
    controller = made;
    waiting.add(made);
    const raw: ServerResponse<IncomingMessage> = reply.raw;
    raw.once('close', () => {
      waiting.delete(made);
      endless.delete(made);
      // In HTTP/2, `writableFinished` is also true for aborted responses.
      if (!raw.writableEnded) made.abort();
    });
    return made.signal;
  };
  return {
    signal,
    isEndless() {
      signal();
      if (controller !== undefined) endless.add(controller);
    },
  };
}
