/** `kineska read`, on a running gateway, with and without a schema registry. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test, type TestContext } from 'node:test';
import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import { sharedEngines } from '../support/engines.ts';
import { commandLine, startGateway } from '../support/gateway.ts';
import { run } from '../support/install.ts';

await sharedEngines();

const schema = {
  type: 'record',
  name: 'Order',
  namespace: 'test',
  fields: [{ name: 'id', type: 'int' }],
};

/**
 * The calls of a registry's HTTP API that writing and reading one schema need. No registry can be
 * installed by package name; this stands where one would.
 */
function startRegistry(t: TestContext): Promise<string> {
  const server = createServer((request, response) => {
    request.resume();
    const answers: readonly [string, object][] = [
      ['/schemas/ids/7', { schema: JSON.stringify(schema) }],
      ['/subjects/', { id: 7 }],
      ['/config/', { compatibilityLevel: 'BACKWARD' }],
    ];
    const answer = answers.find(([path]) => request.url?.startsWith(path))?.[1];
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer ?? { error_code: 40403, message: 'not found' }));
  });
  t.after(() => server.close());
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(`http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`);
    });
  });
}

async function kinesis(endpoint: string, action: string, input: object): Promise<void> {
  const headers = {
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': `Kinesis_20131202.${action}`,
  };
  const answer = await fetch(endpoint, { method: 'POST', headers, body: JSON.stringify(input) });
  assert.equal(answer.status, 200, await answer.text());
}

test('kineska read prints text, bytes, and what a schema registry can decode', async (t) => {
  const gateway = await startGateway(t);
  const registry = await startRegistry(t);
  const client = new SchemaRegistry({ host: registry });
  const { id } = await client.register(
    { type: SchemaType.AVRO, schema: JSON.stringify(schema) },
    { subject: 'order' },
  );
  const order = await client.encode(id, { id: 42 });
  const StreamName = `read-${process.pid}`;
  await kinesis(gateway.kinesis, 'CreateStream', { StreamName, ShardCount: 1 });
  for (const data of [Buffer.from('text'), Buffer.from([0xff]), order]) {
    const Data = data.toString('base64');
    await kinesis(gateway.kinesis, 'PutRecord', { StreamName, PartitionKey: 'k', Data });
  }
  const port = new URL(gateway.kinesis).port;
  const command = [...commandLine(), 'read', StreamName, '--kinesis-port', port];
  const read = async (...flags: string[]) => {
    const output = await run(process.execPath, [...command, ...flags]);
    const lines = output.trim().split('\n');
    return lines.map((line) => JSON.parse(line) as { value?: unknown; base64?: string });
  };
  const plain = await read();
  assert.deepEqual(plain[0]!.value, 'text');
  assert.equal(plain[1]!.base64, '/w==');
  const decoded = await read('--schema-registry', registry);
  assert.deepEqual(decoded[2]!.value, { id: 42 });
  await assert.rejects(
    read('--schema-registry', 'http://127.0.0.1:1'),
    /could not decode schema 7/,
  );
});
