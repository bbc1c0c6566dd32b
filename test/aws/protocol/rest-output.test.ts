/**
 * Answers of REST-JSON. What is right: "HTTP bindings" and "AWS REST JSON 1.0 protocol" of Smithy,
 * and the cases of its protocol tests for restJson1.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AwsError } from '../../../src/aws/protocol/errors.ts';
import {
  header,
  type HttpEndpoint,
  payload,
  prefixHeaders,
  statusCode,
} from '../../../src/aws/protocol/http-bindings.ts';
import {
  blob,
  boolean,
  integer,
  jsonNamed,
  list,
  map,
  type Shape,
  string,
  structure,
  timestamp,
} from '../../../src/aws/protocol/shape.ts';
import { ask, restAction, restService, serveRest, type Told } from './rest-service.ts';
import { serve } from '../kinesis/door.ts';

const atMs = 1_576_540_098_000;
const httpDate = 'Mon, 16 Dec 2019 23:48:18 GMT';
const json = 'application/json';

const inHeaders = structure({
  Text: header('X-Text', string()),
  Texts: header('X-Texts', list(string())),
  Whole: header('X-Whole', integer()),
  Flags: header('X-Flags', list(boolean())),
  Time: header('X-Time', timestamp()),
  Seconds: header('X-Seconds', timestamp('epoch-seconds')),
  Meta: prefixHeaders('X-Meta-', map(string(), string())),
  One: header('X-Meta-One', string()),
});
const inBody = structure({
  Kind: header('X-Kind', string()),
  Text: string(),
  Time: timestamp(),
  IsoTime: timestamp('date-time'),
  Bytes: blob(),
  Tags: map(string(), string()),
  Inner: structure({ Own: jsonNamed('renamed', string()) }),
});
const whole = { Text: 'a', Time: atMs + 500, IsoTime: atMs, Bytes: Buffer.from([1, 2]) };

type Case = readonly [
  what: string,
  output: Shape<unknown> | undefined,
  value: unknown,
  expected: { readonly headers?: Record<string, string | undefined> } & Partial<Told>,
  status?: number,
];

const cases: readonly Case[] = [
  [
    'nothing, of an action without output',
    undefined,
    undefined,
    {
      status: 200,
      body: '',
      headers: { 'content-type': undefined, 'content-length': '0' },
    },
  ],
  [
    'an empty object, of an output without members',
    structure({}),
    {},
    {
      body: '{}',
      headers: { 'content-type': json },
    },
  ],
  ['its status', structure({}), {}, { status: 201, body: '{}' }, 201],
  [
    'a status that is a member',
    structure({ S: statusCode(integer()) }),
    { S: 202 },
    {
      status: 202,
      body: '{}',
    },
  ],
  [
    'its status where that member is absent',
    structure({ S: statusCode(integer()) }),
    {},
    {
      status: 201,
    },
    201,
  ],
  [
    'no body with 204',
    structure({}),
    {},
    {
      status: 204,
      body: '',
      headers: { 'content-type': undefined },
    },
    204,
  ],
  [
    'headers',
    inHeaders,
    {
      ...{ Text: 'Hello', Texts: ['a', 'b,c', '"d"'], Whole: 7, Flags: [true, false] },
      ...{ Time: atMs, Seconds: atMs, Meta: { One: 'map', Two: '2' }, One: 'own' },
    },
    {
      body: '{}',
      headers: {
        'x-text': 'Hello',
        'x-texts': 'a, "b,c", "\\"d\\""',
        'x-whole': '7',
        'x-flags': 'true, false',
        'x-time': httpDate,
        'x-seconds': '1576540098',
        'x-meta-one': 'own',
        'x-meta-two': '2',
      },
    },
  ],
  [
    'empty headers, but none for what is absent',
    inHeaders,
    { Text: '', Texts: [] },
    {
      headers: { 'x-text': '', 'x-texts': '', 'x-whole': undefined },
    },
  ],
  [
    'no header that ends its line',
    inHeaders,
    { Text: 'a\r\nx-evil: 1\u{1f639}' },
    {
      headers: { 'x-text': 'a??x-evil: 1??', 'x-evil': undefined },
    },
  ],
  [
    'a body of JSON',
    inBody,
    { Kind: 'k', ...whole, Tags: { k: 'v' }, Inner: { Own: 'r' } },
    {
      headers: { 'content-type': json, 'x-kind': 'k' },
      body:
        '{"Text":"a","Time":1576540098.5,"IsoTime":"2019-12-16T23:48:18Z","Bytes":"AQI=",' +
        '"Tags":{"k":"v"},"Inner":{"renamed":"r"}}',
    },
  ],
  [
    'a payload of bytes',
    structure({ B: payload(blob()) }),
    { B: Buffer.from([0, 255]) },
    {
      headers: { 'content-type': 'application/octet-stream' },
      body: '\u0000\u00ff',
    },
  ],
  [
    'no payload where it is absent',
    structure({ B: payload(blob()) }),
    {},
    {
      body: '',
      headers: { 'content-type': undefined },
    },
  ],
  [
    'a payload of a type of its own',
    structure({ B: payload(blob(), 'image/jpeg') }),
    {
      B: Buffer.from('j'),
    },
    { body: 'j', headers: { 'content-type': 'image/jpeg' } },
  ],
  [
    'a payload whose type is a member',
    structure({
      T: header('Content-Type', string()),
      B: payload(blob()),
    }),
    { T: 'video/webm', B: Buffer.from('v') },
    { headers: { 'content-type': 'video/webm' } },
  ],
  [
    'a payload of text',
    structure({ T: payload(string()) }),
    { T: 'raw' },
    {
      body: 'raw',
      headers: { 'content-type': 'text/plain' },
    },
  ],
  [
    'a payload that is a structure',
    structure({ I: payload(structure({ A: integer() })) }),
    {
      I: { A: 1 },
    },
    { body: '{"A":1}', headers: { 'content-type': json } },
  ],
];

function answering(http: HttpEndpoint, output: Shape<unknown> | undefined, value: unknown) {
  const shared = { http, input: structure({}), handle: async () => value };
  return output === undefined ? restAction(shared) : restAction({ ...shared, output });
}

for (const [what, output, value, expected, status] of cases) {
  test(`an answer has ${what}`, async (t) => {
    const http = { method: 'POST', uri: '/o', ...(status === undefined ? {} : { status }) };
    const { port } = await serveRest(t, [answering(http, output, value)]);
    const { headers = {}, ...rest } = expected;
    const told = await ask(port, { path: '/o' });
    const found = Object.fromEntries(
      Object.keys(headers).map((name) => [name, told.headers[name]]),
    );
    assert.deepEqual(
      { ...told, headers: found },
      { status: 200, body: told.body, ...rest, headers },
    );
    assert.match(String(told.headers['x-amzn-requestid']), /^[0-9a-f-]{36}$/);
  });
}

test('an error has its name in a header, and the body that the service gives', async (t) => {
  const thrown = new AwsError('ResourceNotFoundException', 404, 'There is no such shelf.');
  const action = restAction({
    http: { method: 'GET', uri: '/o' },
    input: structure({}),
    handle: async () => {
      throw thrown;
    },
  });
  const named = { ...restService([action]), errorBody: () => ({ Type: 'User', Message: 'No.' }) };
  const { port, reports } = await serve(t, [named]);
  const told = await ask(port, { method: 'GET', path: '/o' });
  assert.equal(told.status, 404);
  assert.equal(told.headers['x-amzn-errortype'], 'ResourceNotFoundException');
  assert.equal(told.headers['content-type'], json);
  assert.equal(told.body, '{"Type":"User","Message":"No."}');
  assert.equal(reports[0]?.error, 'ResourceNotFoundException');
});

test('what nobody foresaw is a 500 that tells no secrets', async (t) => {
  const action = restAction({
    http: { method: 'GET', uri: '/o' },
    input: structure({}),
    handle: async () => {
      throw new TypeError('secret of the inside');
    },
  });
  const { port } = await serveRest(t, [action]);
  const told = await ask(port, { method: 'GET', path: '/o' });
  assert.deepEqual([told.status, told.headers['x-amzn-errortype']], [500, 'InternalFailure']);
  assert.doesNotMatch(told.body, /secret/);
});
