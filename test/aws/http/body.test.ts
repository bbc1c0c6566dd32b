import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { connect, createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { readBody } from '../../../src/aws/http/body.ts';

test('a body is refused at once where its client was gone before it is read', async (t) => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  session.request({ ':method': 'POST' }).write('{');
  const [request] = (await once(server, 'request')) as [IncomingMessage];
  session.destroy();
  await once(request, 'aborted');
  await assert.rejects(readBody(request, 1_000, 10_000), /did not arrive whole/);
});
