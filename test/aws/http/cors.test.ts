/** Expected headers: AWS's own, recorded in kinesalite's test/connection.js. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectHttp2, type IncomingHttpHeaders } from 'node:http2';
import { test } from 'node:test';
import { kinesisService, type KinesisSettings } from '../../../src/aws/kinesis/service.ts';
import { account, call, noLimits, serve, startDoor, testActions } from '../kinesis/door.ts';

const origin = 'http://localhost:3000';
const exposed =
  'x-amzn-RequestId,x-amzn-ErrorType,x-amz-request-id,x-amz-id-2,x-amzn-ErrorMessage,Date';
const asked = {
  origin,
  'access-control-request-method': 'POST',
  'access-control-request-headers': 'content-type,x-amz-target,amz-sdk-request',
};

test('a preflight is answered with what it asks for, an empty body and no type', async (t) => {
  const { port, reports } = await startDoor(t);
  const answer = await fetch(`http://127.0.0.1:${port}/`, { method: 'OPTIONS', headers: asked });
  assert.equal(answer.status, 200);
  assert.equal(await answer.text(), '');
  const { headers } = answer;
  assert.deepEqual(
    ['origin', 'methods', 'headers'].map((name) => headers.get(`access-control-allow-${name}`)),
    ['*', 'POST', asked['access-control-request-headers']],
  );
  assert.equal(headers.get('access-control-max-age'), '172800');
  assert.equal(headers.get('content-length'), '0');
  assert.match(headers.get('x-amzn-requestid') ?? '', /^[0-9a-f-]{36}$/);
  assert.deepEqual([headers.get('content-type'), headers.get('x-amz-id-2')], [null, null]);
  assert.equal(reports[0]?.operation, 'Preflight');
});

test('answers and errors to a page have the headers; those to programs have none', async (t) => {
  const { port } = await startDoor(t);
  for (const action of ['DescribeLimits', 'NoSuchAction']) {
    const { headers } = await call(port, action, {}, { origin });
    assert.equal(headers.get('access-control-allow-origin'), '*');
    assert.equal(headers.get('access-control-expose-headers'), exposed);
    const plain = await call(port, action, {});
    assert.equal(plain.headers.get('access-control-allow-origin'), null);
    assert.equal(plain.headers.get('access-control-expose-headers'), null);
  }
  const unasked = await fetch(`http://127.0.0.1:${port}/`, { method: 'OPTIONS' });
  assert.equal(unasked.status, 403);
});

test('over HTTP/2 it is the same', async (t) => {
  const { port } = await startDoor(t);
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  t.after(() => session.close());
  const preflight = session.request({ ':method': 'OPTIONS', ...asked });
  const [headers] = (await once(preflight, 'response')) as [IncomingHttpHeaders];
  assert.equal(headers[':status'], 200);
  assert.equal(headers['access-control-allow-methods'], 'POST');
  preflight.close();
});

test('only the pages that are allowed have the headers, where they are named', async (t) => {
  const settings = { account, limits: noLimits } as KinesisSettings;
  const allowedOrigins = ['https://console.example', origin];
  const { port } = await serve(t, [kinesisService(settings, testActions)], { allowedOrigins });
  const mine = await call(port, 'DescribeLimits', {}, { origin });
  assert.equal(mine.headers.get('access-control-allow-origin'), origin);
  assert.equal(mine.headers.get('vary'), 'Origin');
  const other = { ...asked, origin: 'http://localhost:3001' };
  const refused = await fetch(`http://127.0.0.1:${port}/`, { method: 'OPTIONS', headers: other });
  assert.equal(refused.status, 403);
  assert.equal(refused.headers.get('access-control-allow-origin'), null);
});
