/** Which action of which service a request of REST-JSON is, by each of the ways it can come. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectHttp2, type IncomingHttpHeaders } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { test } from 'node:test';
import { label } from '../../../src/aws/protocol/http-bindings.ts';
import { type Members, string, structure } from '../../../src/aws/protocol/shape.ts';
import { call, serve, settingsWith, startDoor, testActions } from '../kinesis/door.ts';
import { kinesisService } from '../../../src/aws/kinesis/service.ts';
import { ask, restAction, restService, serveRest } from './rest-service.ts';

/** Answers which one it is, and its labels. */
function naming(method: string, uri: string) {
  const names = [...uri.matchAll(/\{(\w+)\+?\}/g)].map(([, name = '']) => name);
  const members: Members = Object.fromEntries(names.map((name) => [name, label(string())]));
  return restAction({
    name: `${method} ${uri}`,
    http: { method, uri },
    input: structure(members),
    output: structure({ Is: string(), Labels: string() }),
    handle: async (labels) => ({
      Is: `${method} ${uri}`,
      Labels: Object.values(labels as Readonly<Record<string, string>>).join('|'),
    }),
  });
}

const uris = [
  ...['/a/{X}', '/a/b', '/a/{X}/c', '/a/{X+}', '/a/{X+}/end', '/a/{X}?list', '/{X}/b/c'],
  ...['/', '/a?kind=full'],
];

test('the most specific path of the right method is meant', async (t) => {
  const actions = [...uris.map((uri) => naming('GET', uri)), naming('PUT', '/a/{X}')];
  const { port } = await serveRest(t, actions);
  const expected: readonly (readonly [asked: string, is: string, labels: string])[] = [
    ['GET /a/b', 'GET /a/b', ''],
    ['GET /a/b/', 'GET /a/b', ''],
    ['GET /a/x', 'GET /a/{X}', 'x'],
    ['GET /a/x%2Fy', 'GET /a/{X}', 'x/y'],
    ['GET /a/x?list', 'GET /a/{X}?list', 'x'],
    ['GET /a/b?list', 'GET /a/b', ''],
    ['GET /a/x/c', 'GET /a/{X}/c', 'x'],
    ['GET /a/x/y', 'GET /a/{X+}', 'x/y'],
    ['GET /a/x//y', 'GET /a/{X+}', 'x//y'],
    ['GET /a/x/y/end', 'GET /a/{X+}/end', 'x/y'],
    ['GET /z/b/c', 'GET /{X}/b/c', 'z'],
    ['GET /a?kind=full&more', 'GET /a?kind=full', ''],
    ['GET /', 'GET /', ''],
    ['GET /?x', 'GET /', ''],
    ['PUT /a/x', 'PUT /a/{X}', 'x'],
    [`GET http://127.0.0.1:${port}/a/x`, 'GET /a/{X}', 'x'],
  ];
  for (const [asked, Is, Labels] of expected) {
    const [method = '', path = ''] = asked.split(' ');
    const { body } = await ask(port, { method, path });
    assert.deepEqual(JSON.parse(body), { Is, Labels }, asked);
  }
});

test('two actions of one service at one path are a mistake that shows at once', (t) => {
  const actions = [naming('GET', '/a/{X}'), naming('GET', '/a/{Y}')];
  assert.throws(() => serveRest(t, actions), /two actions at GET \/a\//);
});

test('of two services with one path that is meant which the client signed for', async (t) => {
  const services = ['one', 'two', 'three'].map((name) =>
    restService(
      [
        restAction({
          http: { method: 'GET', uri: '/tags/{Arn}' },
          input: structure({ Arn: label(string()) }),
          output: structure({ Name: string() }),
          handle: async () => ({ Name: name }),
        }),
      ],
      name,
    ),
  );
  const { port } = await serve(t, services);
  const signed = (name: string) => ({
    authorization:
      `AWS4-HMAC-SHA256 Credential=AKID/20261128/us-east-1/${name}/aws4_request, ` +
      'SignedHeaders=host, Signature=00',
  });
  const asked = { method: 'GET', path: '/tags/arn%3Aaws%3Ax' };
  const named = async (headers: Record<string, string>): Promise<unknown> =>
    JSON.parse((await ask(port, { ...asked, headers })).body);
  assert.deepEqual(await named(signed('two')), { Name: 'two' });
  assert.deepEqual(await named(signed('three')), { Name: 'three' });
  assert.deepEqual(await named(signed('unknown')), { Name: 'one' });
  assert.deepEqual(await named({}), { Name: 'one' });
});

test('REST-JSON takes nothing of the other protocols on the port', async (t) => {
  const { port } = await serve(t, [
    restService([naming('POST', '/a/{X}'), naming('POST', '/')]),
    kinesisService(settingsWith({}), []),
  ]);
  const rest = await ask(port, { path: '/a/x' });
  assert.match(rest.body, /"Labels":"x"/);
  // Over the short way, too.
  assert.match((await ask(port, { path: '/' })).body, /"Is":"POST \/"/);
  const target = { 'x-amz-target': 'Kinesis_20131202.Nothing' };
  const targeted = await ask(port, {
    path: '/a/x',
    headers: { ...target, 'content-type': 'application/x-amz-json-1.1' },
    body: '{}',
  });
  assert.equal(targeted.body, '{"__type":"UnknownOperationException"}');
});

const unknown = {
  status: 404,
  type: 'UnknownOperationException',
  body: '{"__type":"UnknownOperationException"}',
};

test('a path that no service has is a 404 with the name of the exception', async (t) => {
  const { port, reports } = await startDoor(t, testActions);
  for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
    for (const path of ['/2015-03-31/functions/', '/a', '/a//b', '/%zz']) {
      const { status, headers, body } = await ask(port, { method, path });
      const type = headers['x-amzn-errortype'];
      assert.deepEqual({ status, type, body }, unknown, `${method} ${path}`);
      assert.equal(headers['content-type'], 'application/json');
    }
  }
  assert.deepEqual([...new Set(reports.map(({ operation }) => operation))], ['Unknown']);
  // The connection is of use afterwards.
  assert.deepEqual((await call(port, 'DescribeLimits', { Whole: 3 })).body, { Whole: 3 });
});

test('over HTTP/2, in TLS too, actions are found by the same paths', async (t) => {
  const { port } = await serveRest(t, [naming('GET', '/a/{X+}')]);
  for (const scheme of ['http', 'https']) {
    const session = connectHttp2(`${scheme}://127.0.0.1:${port}`, { rejectUnauthorized: false });
    const get = async (path: string): Promise<readonly [number, string]> => {
      const stream = session.request({ ':path': path });
      const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders];
      let text = '';
      stream.setEncoding('utf8');
      for await (const chunk of stream) text += chunk;
      return [Number(headers[':status']), text];
    };
    assert.deepEqual(await get('/a/x/y%20z'), [200, '{"Is":"GET /a/{X+}","Labels":"x/y z"}']);
    assert.deepEqual(await get('/b'), [unknown.status, unknown.body]);
    session.close();
  }
});

test('requests in one write are answered in their order, whichever way they go', async (t) => {
  const { port } = await serveRest(t, [naming('POST', '/'), naming('POST', '/a/{X}')]);
  const socket = connectTcp(port, '127.0.0.1');
  const post = (path: string, more = ''): string =>
    `POST ${path} HTTP/1.1\r\nHost: x\r\n${more}Content-Length: 0\r\n\r\n`;
  socket.write(post('/') + post('/a/1') + post('/') + post('/a/2', 'Connection: close\r\n'));
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  const answers = [...text.matchAll(/"Labels":"(.*?)"/g)].map(([, labels]) => labels);
  assert.deepEqual(answers, ['', '1', '', '2']);
});
