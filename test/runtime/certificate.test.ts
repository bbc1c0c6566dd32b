import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { selfSignedCertificate } from '../../src/runtime/certificate.ts';
import { connectionLimits } from '../../src/aws/http/one-port.ts';
import { createAwsServer } from '../../src/aws/http/server.ts';

const dayMs = 24 * 3600 * 1000;

test('it names the hosts, lasts for years, and is kept between starts', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'kineska-certificate-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const nowMs = Date.now();
  const first = await selfSignedCertificate(join(folder, 'tls'), 'gateway.example', nowMs);
  const parsed = new X509Certificate(first.cert);
  for (const host of ['localhost', 'gateway.example']) assert.ok(parsed.checkHost(host), host);
  for (const address of ['127.0.0.1', '::1']) assert.ok(parsed.checkIP(address), address);
  assert.ok(Date.parse(parsed.validTo) > nowMs + 3000 * dayMs);
  assert.equal((await stat(join(folder, 'tls', 'tls-key.pem'))).mode & 0o077, 0);
  const again = await selfSignedCertificate(join(folder, 'tls'), 'gateway.example', nowMs);
  assert.deepEqual(again, first);
});

test('it is made again for another host, before it expires, and when it is damaged', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'kineska-certificate-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const nowMs = Date.now();
  const first = await selfSignedCertificate(folder, 'localhost', nowMs);
  const moved = await selfSignedCertificate(folder, '192.0.2.7', nowMs);
  assert.ok(new X509Certificate(moved.cert).checkIP('192.0.2.7'));
  const renewed = await selfSignedCertificate(folder, '192.0.2.7', nowMs + 3640 * dayMs);
  assert.notEqual(renewed.cert, moved.cert);
  await writeFile(join(folder, 'tls-certificate.pem'), 'damaged');
  const repaired = await selfSignedCertificate(folder, 'localhost', nowMs);
  assert.notEqual(repaired.cert, first.cert);
});

test('a client that trusts the certificate connects with full verification', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'kineska-certificate-'));
  const certificate = await selfSignedCertificate(folder, 'localhost', Date.now());
  const server = createAwsServer({
    router: {
      answer: () => Promise.reject(new Error('no request is made')),
      isStreamed: () => false,
    },
    host: '127.0.0.1',
    port: 0,
    certificate,
    allowedOrigins: [],
    limits: connectionLimits,
    observer: {
      request: () => {},
      connectionOpened: () => {},
      connectionClosed: () => {},
      refused: () => {},
    },
  });
  const { port } = await server.start();
  t.after(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });
  const socket = connect({
    port,
    host: '127.0.0.1',
    servername: 'localhost',
    ca: certificate.cert,
  });
  await new Promise((resolve, reject) =>
    socket.once('secureConnect', resolve).once('error', reject),
  );
  assert.equal(socket.authorized, true);
  socket.destroy();
});
