/** A web page in a real Chromium puts and gets through the gateway, from another origin. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import { build } from 'esbuild';
import { createStream, kafkaClient } from '../support/doors.ts';
import { sharedEngines } from '../support/engines.ts';
import { startGateway } from '../support/gateway.ts';
import { chromium } from '../support/install.ts';

const [{ kafkaBootstrap }, executable] = await Promise.all([sharedEngines(), chromium()]);
const { outputFiles } = await build({
  entryPoints: ['test/clients/browser/page.ts'],
  bundle: true,
  write: false,
  platform: 'browser',
  format: 'esm',
});
const script = outputFiles[0]!.text;

type Site = {
  readonly origin: string;
  /** What the page that is opened next reports. */
  readonly reported: () => Promise<unknown>;
};

/** Serves the page from an origin of its own. */
async function startSite(t: TestContext): Promise<Site> {
  let report: (result: unknown) => void = () => undefined;
  const server = createServer((request, response) => {
    const { pathname, search } = new URL(request.url ?? '', 'http://any');
    const html = `<!doctype html><script type="module" src="/page.js${search}"></script>`;
    const pages: Readonly<Record<string, readonly [type: string, content: string]>> = {
      '/': ['text/html', html],
      '/page.js': ['text/javascript', script],
    };
    const page = pages[pathname];
    if (pathname === '/result') void text(request).then((body) => report(JSON.parse(body)));
    if (page !== undefined) response.setHeader('content-type', page[0]);
    response.end(page?.[1]);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    reported: () => new Promise((resolve) => (report = resolve)),
  };
}

/** Opens a page, and answers what it reports; the browser's own words if it ends before. */
async function open(t: TestContext, url: string, { reported }: Site): Promise<unknown> {
  const profile = await mkdtemp(join(tmpdir(), 'kineska-browser-'));
  const options = ['--headless', '--no-sandbox', '--no-zygote', '--disable-gpu'];
  const child = spawn(
    executable,
    [...options, '--no-first-run', '--disable-dev-shm-usage', `--user-data-dir=${profile}`, url],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  t.after(() => end(child, profile));
  let printed = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (printed += chunk));
  const ended = once(child, 'exit').then(() => {
    throw new Error(`Chromium ended: ${printed.slice(-2_000)}`);
  });
  return Promise.race([reported(), ended]);
}

async function end(child: ChildProcess, profile: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }
  await rm(profile, { recursive: true, force: true, maxRetries: 5 });
}

const pageOf = ({ origin }: Site, endpoint: string, stream: string): string =>
  `${origin}/?${new URLSearchParams({ endpoint, stream }).toString()}`;

const records = ['first', 'second', 'third', 'fourth'];
const expected = {
  json: { shard: 'shardId-000000000000', requestId: 'string', FailedRecordCount: 0 },
  shardOfCbor: 'shardId-000000000000',
  records,
  inCbor: records,
  refused: 'ValidationException',
};

test('a page puts and gets with the SDK for JavaScript, by JSON and by CBOR', async (t) => {
  const site = await startSite(t);
  const { kinesis } = await startGateway(t);
  const stream = await createStream(kinesis, 1);
  assert.deepEqual(await open(t, pageOf(site, kinesis, stream), site), expected);
});

test('where origins are named, a page of another one cannot call', async (t) => {
  const [mine, other] = [await startSite(t), await startSite(t)];
  const settings = { KINESKA_ALLOWED_ORIGINS: mine.origin };
  const { kinesis } = await startGateway(t, { settings });
  const [stream, untouched] = [await createStream(kinesis, 1), await createStream(kinesis, 1)];
  assert.deepEqual(await open(t, pageOf(mine, kinesis, stream), mine), expected);
  const refused = await open(t, pageOf(other, kinesis, untouched), other);
  assert.deepEqual(refused, { failed: 'TypeError', message: 'Failed to fetch' });
  const admin = kafkaClient(kafkaBootstrap).admin();
  await admin.connect();
  const [offsets] = await admin.fetchTopicOffsets(untouched);
  await admin.disconnect();
  assert.equal(offsets?.high, '0');
});
