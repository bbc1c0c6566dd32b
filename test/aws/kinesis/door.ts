/** A real Kinesis door with the actions given, on a free port; for tests of the framework. */
import type { TestContext } from 'node:test';
import { pino } from 'pino';
import { allowEverything, type Authorizer } from '../../../src/access/authorizer.ts';
import {
  defineAction,
  type KinesisAction,
  type KinesisContext,
} from '../../../src/aws/kinesis/action.ts';
import type { KinesisLimits } from '../../../src/aws/kinesis/limits/kinesis-limits.ts';
import { Faults } from '../../../src/aws/kinesis/limits/faults.ts';
import { theAccount } from '../../../src/aws/kinesis/resources/touched.ts';
import { kinesisService, type KinesisSettings } from '../../../src/aws/kinesis/service.ts';
import { PreparedBody } from '../../../src/aws/protocol/action.ts';
import { createRouter, type Router } from '../../../src/aws/protocol/router.ts';
import type { Service } from '../../../src/aws/protocol/service.ts';
import { stsService } from '../../../src/aws/sts/service.ts';
import { selfSignedCertificate } from '../../../src/runtime/certificate.ts';
import { connectionLimits, type ConnectionLimits } from '../../../src/aws/http/one-port.ts';
import { createAwsServer } from '../../../src/aws/http/server.ts';
import {
  blob,
  boolean,
  eventStream,
  integer,
  list,
  long,
  required,
  string,
  structure,
  timestamp,
} from '../../../src/aws/protocol/shape.ts';
import { streamName, tagMap } from '../../../src/aws/kinesis/shapes.ts';
import type { RequestReport } from '../../../src/ports/observer.ts';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const account = '000000000000';

/** Answers with its own input: every kind of member goes both ways. */
const everyKind = {
  Text: string(),
  Whole: integer({ min: -5, max: 5 }),
  Long: long(),
  Flag: boolean(),
  Time: timestamp(),
  Bytes: blob({ max: 100_000 }),
  Names: list(streamName, { max: 3 }),
  Tags: tagMap,
  Entries: list(structure({ Data: required(blob()), Name: streamName }, 'Entry'), { max: 2 }),
};
export const echo = defineAction({
  name: 'DescribeLimits',
  input: structure(everyKind),
  output: structure(everyKind),
  errors: [],
  touches: theAccount,
  handle: async (input) => input,
});

/** An action that needs a name, answers nothing, and fails in the way that the name says. */
export const failures: Record<string, () => unknown> = {};
export const fail = defineAction({
  name: 'DeleteStream',
  input: structure({ StreamName: required(streamName) }),
  errors: [],
  touches: theAccount,
  async handle({ StreamName }) {
    const thrown = failures[StreamName]?.();
    if (thrown !== undefined) throw thrown;
  },
});

export const region = defineAction({
  name: 'DescribeAccountSettings',
  input: structure({}),
  output: structure({ Region: string() }),
  errors: [],
  touches: theAccount,
  handle: async (_input, context) => ({ Region: context.region }),
});

export const prepared = defineAction({
  name: 'GetRecords',
  input: structure({}),
  output: structure({ Records: list(string()) }),
  errors: [],
  touches: theAccount,
  handle: async () => new PreparedBody('{"Records":["as is"]}'),
});

/** Counts to five, or fails after two where the name says so, or waits for the client. */
export const count = defineAction({
  name: 'SubscribeToShard',
  input: structure({ StreamName: streamName }),
  output: structure({
    EventStream: required(eventStream({ SubscribeToShardEvent: structure({ Number: long() }) })),
  }),
  errors: [],
  touches: theAccount,
  handle: async ({ StreamName }, context) => ({
    EventStream: counting(StreamName ?? '', context),
  }),
});

async function* counting(name: string, { signal }: KinesisContext) {
  for (let i = 1; i <= 5; i += 1) {
    if (i > 2 && failures[name] !== undefined) throw failures[name]();
    yield { SubscribeToShardEvent: { Number: i } };
  }
  if (name === 'endless' && !signal.aborted) {
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    endlessEnded();
  }
}

let endlessEnded: () => void = () => {};
/** Settles when the endless count has seen that its client is gone. */
export function whenEndlessEnds(): Promise<void> {
  return new Promise((resolve) => (endlessEnded = resolve));
}

export const testActions: readonly KinesisAction[] = [echo, fail, region, prepared, count];

export type Door = {
  readonly port: number;
  readonly reports: RequestReport[];
  readonly refusals: string[];
  readonly connections: { open: number };
  stop(): Promise<void>;
};

/** Nothing is held to anything. */
export const noLimits: KinesisLimits = {
  shards: undefined,
  calls: undefined,
  faults: new Faults([]),
  observer: { throttled: () => {}, injected: () => {} },
};

/** The parts that the actions of a test need are given in `more`. */
export function startDoor(
  t: TestContext,
  actions: readonly KinesisAction[] = testActions,
  more: Partial<KinesisSettings> = {},
  limits: Partial<ConnectionLimits> = {},
): Promise<Door> {
  const kinesis = kinesisService(settingsWith(more), actions);
  return serve(t, [kinesis, stsService({ account })], { limits });
}

/** Of a service whose actions use only these parts. */
export function settingsWith(more: Partial<KinesisSettings>): KinesisSettings {
  return {
    account,
    region: 'us-east-1',
    secret: Buffer.alloc(32, 7),
    clock: { nowMs: () => Date.now() },
    logger: pino({ level: 'silent' }),
    limits: noLimits,
    ...more,
  } as KinesisSettings;
}

export type Serving = {
  readonly limits?: Partial<ConnectionLimits>;
  readonly authorizer?: Authorizer;
  readonly allowedOrigins?: readonly string[];
};

/** A real door with these services. */
export function serve(
  t: TestContext,
  services: readonly Service[],
  { limits = {}, authorizer = allowEverything, allowedOrigins }: Serving = {},
): Promise<Door> {
  const logger = pino({ level: 'silent' });
  return serveRouter(t, createRouter({ services, authorizer, logger }), limits, allowedOrigins);
}

/** A real server in front of this router. */
export async function serveRouter(
  t: TestContext,
  router: Router,
  limits: Partial<ConnectionLimits> = {},
  allowedOrigins: readonly string[] = ['*'],
): Promise<Door> {
  const folder = await mkdtemp(join(tmpdir(), 'kineska-door-'));
  const reports: RequestReport[] = [];
  const refusals: string[] = [];
  const connections = { open: 0 };
  const server = createAwsServer({
    router,
    host: '127.0.0.1',
    port: 0,
    limits: { ...connectionLimits, ...limits },
    allowedOrigins,
    certificate: await selfSignedCertificate(folder, 'localhost', Date.now()),
    observer: {
      request: (report) => void reports.push(report),
      connectionOpened: () => (connections.open += 1),
      connectionClosed: () => (connections.open -= 1),
      refused: (reason) => void refusals.push(reason),
    },
  });
  const { port } = await server.start();
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopped ??= server.stop());
  t.after(async () => {
    await stop();
    await rm(folder, { recursive: true, force: true });
  });
  return { port, reports, refusals, connections, stop };
}

export type Answer = { status: number; headers: Headers; body: unknown; bytes: Buffer };

/** One request as an SDK sends it, over HTTP/1.1. */
export async function call(
  port: number,
  action: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(`http://127.0.0.1:${port}/`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `Kinesis_20131202.${action}`,
      ...headers,
    },
    body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  const isJson = response.headers.get('content-type') === 'application/x-amz-json-1.1';
  const parsed: unknown = isJson && bytes.length > 0 ? JSON.parse(bytes.toString()) : undefined;
  return { status: response.status, headers: response.headers, body: parsed, bytes };
}
