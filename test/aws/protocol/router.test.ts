import assert from 'node:assert/strict';
import { connect as connectTcp } from 'node:net';
import { test } from 'node:test';
import { decode, encode } from 'cbor-x';
import { GatewayError } from '../../../src/domain/errors.ts';
import { smallBodyBytesMax } from '../../../src/aws/protocol/exchange.ts';
import { KinesisError } from '../../../src/aws/kinesis/errors.ts';
import { call, failures, startDoor } from '../kinesis/door.ts';

const json = 'application/x-amz-json-1.1';
const cbor = 'application/x-amz-cbor-1.1';
const uuid = /^[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}$/;

test('an answer has request ids, a true date, a length, the type of its request', async (t) => {
  const { port } = await startDoor(t);
  const { status, headers, bytes } = await call(port, 'DescribeLimits', { Whole: 3 });
  assert.equal(status, 200);
  assert.match(headers.get('x-amzn-requestid') ?? '', uuid);
  assert.equal(Buffer.from(headers.get('x-amz-id-2') ?? '', 'base64').length, 72);
  assert.equal(headers.get('content-type'), json);
  assert.equal(headers.get('content-length'), String(bytes.length));
  // SDKs set their clock by this header; ten seconds are far below what makes them do so.
  assert.ok(Math.abs(Date.parse(headers.get('date') ?? '') - Date.now()) < 10_000);
});

test('a CBOR request is answered in CBOR: bytes as bytes, times as milliseconds', async (t) => {
  const { port } = await startDoor(t);
  const input = { Bytes: Buffer.from([0, 255]), Time: 1_795_000_000_123n, Tags: { a: 'b' } };
  const answer = await call(port, 'DescribeLimits', encode(input), { 'content-type': cbor });
  assert.equal(answer.headers.get('content-type'), cbor);
  assert.deepEqual(decode(answer.bytes), {
    Bytes: Buffer.from([0, 255]),
    Time: 1_795_000_000_123n,
    Tags: { a: 'b' },
  });
});

test('an action without an output answers 200 with an empty body', async (t) => {
  const { port } = await startDoor(t);
  const { status, bytes, headers } = await call(port, 'DeleteStream', { StreamName: 'a' });
  assert.deepEqual([status, bytes.length, headers.get('content-type')], [200, 0, json]);
});

test('a prepared body is sent as it is', async (t) => {
  const { port } = await startDoor(t);
  assert.deepEqual((await call(port, 'GetRecords', {})).body, { Records: ['as is'] });
});

test('exceptions have the short type; only SerializationException spells it Message', async (t) => {
  const { port } = await startDoor(t);
  const invalid = await call(port, 'DeleteStream', {});
  assert.equal(invalid.status, 400);
  assert.deepEqual(invalid.body, {
    __type: 'ValidationException',
    message:
      "1 validation error detected: Value null at 'streamName' failed to satisfy constraint: " +
      'Member must not be null',
  });
  const mistyped = await call(port, 'DeleteStream', { StreamName: 3 });
  assert.equal(mistyped.status, 400);
  assert.deepEqual(mistyped.body, {
    __type: 'SerializationException',
    Message:
      'class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted ' +
      'to an String',
  });
  const inCbor = await call(port, 'DeleteStream', encode({}), { 'content-type': cbor });
  assert.deepEqual(Object.keys(decode(inCbor.bytes) as object), ['__type', 'message']);
});

test('each kind of gateway error has its exception, and surprises tell no secrets', async (t) => {
  const { port, reports } = await startDoor(t);
  const gone = 'Stream x under account 000000000000 not found.';
  failures['gone'] = () => new GatewayError('not-found', gone);
  failures['busy'] = () => new GatewayError('unavailable', 'Kafka does not answer.');
  failures['late'] = () => new KinesisError('ExpiredIteratorException', 'Iterator expired.');
  failures['bug'] = () => new TypeError('secret of the inside');
  failures['own-bug'] = () => new GatewayError('internal', 'secret of the inside');
  const answers = await Promise.all(
    ['gone', 'busy', 'late', 'bug', 'own-bug'].map(async (StreamName) => {
      const { status, body } = await call(port, 'DeleteStream', { StreamName });
      return [status, ...Object.values(body as object)];
    }),
  );
  const internal = 'The request processing has failed because of an internal error.';
  assert.deepEqual(answers, [
    [400, 'ResourceNotFoundException', gone],
    [503, 'ServiceUnavailable', 'Kafka does not answer.'],
    [400, 'ExpiredIteratorException', 'Iterator expired.'],
    [500, 'InternalFailure', internal],
    [500, 'InternalFailure', internal],
  ]);
  const errors = reports.map(({ operation, error }) => `${operation} ${error}`).toSorted();
  assert.equal(errors[1], 'DeleteStream InternalFailure');
});

test('unknown targets are an UnknownOperationException without a message', async (t) => {
  const { port, reports } = await startDoor(t);
  const targets = [
    'Whatever',
    'Kinesis_20131202.',
    'Kinesis_20131202.List',
    'X.DescribeLimits',
    '',
  ];
  for (const target of targets) {
    const { status, body } = await call(port, '', {}, { 'x-amz-target': target });
    assert.deepEqual([status, body], [400, { __type: 'UnknownOperationException' }]);
  }
  // What clients invent does not become series of metrics.
  assert.deepEqual([...new Set(reports.map(({ operation }) => operation))], ['Unknown']);
});

const unknownTypes: Readonly<Record<string, string>> = {
  // Services with JSON 1.0 spell the type with its namespace.
  'application/x-amz-json-1.0': 'com.amazon.coral.service#UnknownOperationException',
  'application/x-amz-json-1.1': 'UnknownOperationException',
  'application/x-amz-cbor-1.1': 'UnknownOperationException',
};

for (const [type, __type] of Object.entries(unknownTypes)) {
  test(`an action that no service has is refused in its form: ${type}`, async (t) => {
    const { port } = await startDoor(t);
    const isCbor = type === cbor;
    for (const target of ['Nobody_20260101.Do', 'DynamoDB_20120810.ListTables']) {
      const headers = { 'x-amz-target': target, 'content-type': type };
      const answer = await call(port, '', isCbor ? encode({}) : '{}', headers);
      const body: unknown = isCbor ? decode(answer.bytes) : JSON.parse(answer.bytes.toString());
      assert.deepEqual([answer.status, body], [400, { __type }], target);
      assert.equal(answer.headers.get('content-type'), type);
    }
  });
}

test('a body not of its format is a SerializationException without a message', async (t) => {
  const { port } = await startDoor(t);
  for (const body of ['hello', 'true', 'null', '{"a"', '[1']) {
    const answer = await call(port, 'DescribeLimits', body);
    assert.deepEqual([answer.status, answer.body], [400, { __type: 'SerializationException' }]);
  }
  assert.deepEqual((await call(port, 'DescribeLimits', '')).body, {
    __type: 'SerializationException',
  });
});

test('other methods and content types are answered as AWS answers them', async (t) => {
  const { port } = await startDoor(t);
  const denied =
    '<AccessDeniedException>\n  <Message>Unable to determine service/operation name to be ' +
    'authorized</Message>\n</AccessDeniedException>\n';
  for (const method of ['GET', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'HEAD']) {
    const response = await fetch(`http://127.0.0.1:${port}/?x=1`, { method });
    assert.equal(response.status, 403);
    assert.equal(await response.text(), method === 'HEAD' ? '' : denied);
    assert.equal(response.headers.get('content-type'), null);
  }
  const typed = (type: string, body: string, target = 'Kinesis_20131202.DescribeLimits') =>
    call(port, '', body, { 'content-type': type, 'x-amz-target': target });
  const other = await typed('application/x-amz-json-1.0', '{}');
  assert.deepEqual([other.status, String(other.bytes)], [404, '<UnknownOperationException/>\n']);
  const untargeted = await typed('text/plain', '{}', '');
  assert.deepEqual([untargeted.status, String(untargeted.bytes)], [403, denied]);
  const plain = await typed('application/json', '{}');
  assert.equal(plain.status, 404);
  assert.deepEqual(JSON.parse(String(plain.bytes)), {
    Output: { __type: 'com.amazon.coral.service#UnknownOperationException' },
    Version: '1.0',
  });
  const broken = await typed('application/json', '{');
  assert.match(String(broken.bytes), /#SerializationException/);
  assert.equal((await typed('not/a/type;;=', '{}')).status, 404);
});

test('any path will do, and a content type may have parameters', async (t) => {
  const { port } = await startDoor(t);
  const response = await fetch(`http://127.0.0.1:${port}/some/path`, {
    method: 'POST',
    headers: {
      'content-type': `${json}; charset=utf-8`,
      'x-amz-target': 'Kinesis_20131202.DescribeLimits',
    },
    body: '{"Whole":1}',
  });
  assert.deepEqual(await response.json(), { Whole: 1 });
});

test('the region is the one that the client signed for, in a header or in a query', async (t) => {
  const { port } = await startDoor(t);
  const regionOf = async (headers: Record<string, string>, query = ''): Promise<unknown> => {
    const response = await fetch(`http://127.0.0.1:${port}/${query}`, {
      method: 'POST',
      headers: {
        'content-type': json,
        'x-amz-target': 'Kinesis_20131202.DescribeAccountSettings',
        ...headers,
      },
      body: '{}',
    });
    return ((await response.json()) as { Region: string }).Region;
  };
  const scope = 'AKIDEXAMPLE/20261123/eu-central-1/kinesis/aws4_request';
  const signed = `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=abc`;
  assert.equal(await regionOf({ authorization: signed }), 'eu-central-1');
  assert.equal(
    await regionOf({}, `?X-Amz-Credential=${encodeURIComponent(scope)}`),
    'eu-central-1',
  );
  assert.equal(await regionOf({}), 'us-east-1');
  assert.equal(await regionOf({ authorization: 'a' }), 'us-east-1');
  assert.equal(await regionOf({ authorization: signed.replace('eu-', '../') }), 'us-east-1');
});

test('a body over the limit of its action is refused with 413, told or untold', async (t) => {
  const { port } = await startDoor(t);
  const body = Buffer.alloc(smallBodyBytesMax + 1, 'a');
  const told = await call(port, 'DescribeLimits', body);
  assert.equal(told.status, 413);
  assert.match(String(told.bytes), /"__type":"RequestEntityTooLargeException"/);
  assert.equal(told.headers.get('connection'), 'close');
  const socket = connectTcp(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(
    `POST / HTTP/1.1\r\nHost: x\r\nContent-Type: ${json}\r\n` +
      'X-Amz-Target: Kinesis_20131202.DescribeLimits\r\nTransfer-Encoding: chunked\r\n\r\n',
  );
  socket.write(`${body.length.toString(16)}\r\n`);
  socket.write(body);
  let answer = '';
  for await (const chunk of socket) answer += chunk;
  assert.match(answer, /^HTTP\/1\.1 413 /);
});

test('the observer gets every request: name, error, bytes', async (t) => {
  const { port, reports } = await startDoor(t);
  await call(port, 'DescribeLimits', '{"Whole":1}');
  await call(port, 'DescribeLimits', '{"Whole":9}');
  const [first, second] = reports;
  assert.deepEqual(
    { ...first, durationMs: 0 },
    {
      service: 'kinesis',
      operation: 'DescribeLimits',
      error: undefined,
      bytesIn: 11,
      bytesOut: 11,
      records: 0,
      durationMs: 0,
    },
  );
  assert.equal(second?.error, 'ValidationException');
});
