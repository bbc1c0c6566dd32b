/**
 * Inputs of REST-JSON out of every place of a request. What is right: "HTTP bindings" and "AWS
 * REST JSON 1.0 protocol" of Smithy, and the cases of its protocol tests for restJson1.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  header,
  label,
  payload,
  prefixHeaders,
  query,
  queryParams,
} from '../../../src/aws/protocol/http-bindings.ts';
import {
  blob,
  boolean,
  integer,
  jsonNamed,
  list,
  long,
  map,
  required,
  type Shape,
  string,
  structure,
  timestamp,
} from '../../../src/aws/protocol/shape.ts';
import { ask, type Asked, keepingAction, serveRest } from './rest-service.ts';

const json = { 'content-type': 'application/json' };
/** 16 December 2019, 23:48:18. */
const atMs = 1_576_540_098_000;
const isoDate = '2019-12-16T23:48:18Z';
const httpDate = 'Mon, 16 Dec 2019 23:48:18 GMT';

const inPath = structure({
  Text: label(string()),
  Whole: label(integer()),
  Flag: label(boolean()),
  Time: label(timestamp()),
  Rest: label(string()),
});
const inQuery = structure({
  Text: query('text', string()),
  Texts: query('texts', list(string())),
  Whole: query('whole', integer()),
  Wholes: query('wholes', list(integer())),
  Long: query('long', long()),
  Flag: query('flag', boolean()),
  Time: query('time', timestamp()),
  Seconds: query('seconds', timestamp('epoch-seconds')),
  Bytes: query('bytes', blob()),
});
const inHeaders = structure({
  Text: header('X-Text', string()),
  Texts: header('X-Texts', list(string())),
  Wholes: header('X-Wholes', list(integer())),
  Flags: header('X-Flags', list(boolean())),
  Time: header('X-Time', timestamp()),
  Times: header('X-Times', list(timestamp())),
  IsoTimes: header('X-Iso-Times', list(timestamp('date-time'))),
  Meta: prefixHeaders('X-Meta-', map(string(), string())),
});
const inBody = structure({
  Id: query('id', string()),
  Text: string(),
  Whole: integer(),
  Long: long(),
  Flag: boolean(),
  Time: timestamp(),
  IsoTime: timestamp('date-time'),
  HttpTime: timestamp('http-date'),
  Bytes: blob(),
  Texts: list(string()),
  Tags: map(string(), string()),
  Inner: structure({ Own: jsonNamed('renamed', string()), Deep: list(structure({ A: long() })) }),
});

type Case = readonly [
  what: string,
  uri: string,
  input: Shape<unknown>,
  asked: Omit<Asked, 'path'> & { readonly path?: string },
  seen: unknown,
];

const pathUri = '/p/{Text}/{Whole}/{Flag}/{Time}/{Rest+}';
const cases: readonly Case[] = [
  [
    'labels',
    pathUri,
    inPath,
    { path: `/p/a%20b/7/true/2019-12-16T23%3A48%3A18Z/x/y%20z` },
    { Text: 'a b', Whole: 7, Flag: true, Time: atMs, Rest: 'x/y z' },
  ],
  [
    'labels with every reserved character',
    '/p/{Text}',
    structure({ Text: label(string()) }),
    { path: '/p/%20%25%3A%2F%3F%23%5B%5D%40!$&%27()*+,;=%F0%9F%98%B9' },
    { Text: ` %:/?#[]@!$&'()*+,;=\u{1f639}` },
  ],
  [
    'parameters of the query',
    '/q',
    inQuery,
    {
      path:
        '/q?text=Hello%20there&texts=a&whole=3&texts=b&wholes=1&wholes=2&long=4&flag=false' +
        '&time=2019-12-16T23%3A48%3A18Z&seconds=1576540098&bytes=%2BQ%3D%3D&other=x',
    },
    {
      Text: 'Hello there',
      Texts: ['a', 'b'],
      Whole: 3,
      Wholes: [1, 2],
      Long: 4,
      Flag: false,
      Time: atMs,
      Seconds: atMs,
      Bytes: Buffer.from([0xf9]),
    },
  ],
  ['a parameter without a value', '/q', inQuery, { path: '/q?text' }, { Text: '' }],
  [
    'the first of a parameter that has no list',
    '/q',
    inQuery,
    { path: '/q?text=a&text=b' },
    { Text: 'a' },
  ],
  [
    'all parameters as a map of lists, those with members of their own among them',
    '/q?fixed=1',
    structure({ Own: query('own', string()), All: queryParams(map(string(), list(string()))) }),
    { path: '/q?fixed=1&own=a&more=b&more=c' },
    { Own: 'a', All: { fixed: ['1'], own: ['a'], more: ['b', 'c'] } },
  ],
  [
    'all parameters as a map, the first of each name',
    '/q',
    structure({ All: queryParams(map(string(), string())) }),
    { path: '/q?a=1&a=2&__proto__=3' },
    { All: JSON.parse('{"a":"1","__proto__":"3"}') },
  ],
  [
    'headers',
    '/h',
    inHeaders,
    {
      headers: {
        'x-text': 'Hello',
        'X-TEXTS': 'a, "b,c" , "\\"d\\"",e',
        'x-wholes': '1,2,   3',
        'x-flags': 'true, false',
        'x-time': httpDate,
        'x-times': `${httpDate}, ${httpDate}`,
        'x-iso-times': `${isoDate},${isoDate}`,
        'x-meta-One': '1',
        'X-Meta-Two': '2',
        'x-meta-': 'none',
      },
    },
    {
      Text: 'Hello',
      Texts: ['a', 'b,c', '"d"', 'e'],
      Wholes: [1, 2, 3],
      Flags: [true, false],
      Time: atMs,
      Times: [atMs, atMs],
      IsoTimes: [atMs, atMs],
      Meta: { one: '1', two: '2' },
    },
  ],
  [
    'a header that comes twice',
    '/h',
    structure({ Texts: header('X-Texts', list(string())) }),
    { headers: { 'x-texts': ['a, b', 'c'] } },
    { Texts: ['a', 'b', 'c'] },
  ],
  [
    'empty headers',
    '/h',
    inHeaders,
    { headers: { 'x-text': '', 'x-texts': '' } },
    { Text: '', Texts: [], Meta: {} },
  ],
  [
    'a body of JSON, members that nobody knows left out',
    '/b',
    inBody,
    {
      path: '/b?id=1',
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: JSON.stringify({
        ...{ Text: 'ä', Whole: -3, Long: 2 ** 40, Flag: true, Time: 1_576_540_098.5 },
        ...{ IsoTime: isoDate, HttpTime: httpDate, Bytes: 'AQI=', Texts: ['a'], Tags: { k: 'v' } },
        ...{ Inner: { renamed: 'r', Own: 'not it', Deep: [{ A: 1 }] }, Nobody: { a: [1] } },
        ...{ Absent: null, Id: 'not this one' },
      }),
    },
    {
      ...{ Id: '1', Text: 'ä', Whole: -3, Long: 2 ** 40, Flag: true, Time: atMs + 500 },
      ...{ IsoTime: atMs, HttpTime: atMs, Bytes: Buffer.from([1, 2]), Texts: ['a'] },
      ...{ Tags: { k: 'v' }, Inner: { Own: 'r', Deep: [{ A: 1 }] } },
    },
  ],
  ['no body at all where one may be', '/b', inBody, {}, {}],
  [
    'JSON as version 1 of the SDK for Java calls it',
    '/b',
    inBody,
    {
      headers: { 'content-type': 'application/x-amz-json-1.1' },
      body: '{"Text":"a"}',
    },
    { Text: 'a' },
  ],
  [
    'a payload of bytes, whatever its type',
    '/p',
    structure({ Name: header('X-Name', string()), Bytes: payload(blob()) }),
    { headers: { 'x-name': 'n', 'content-type': 'image/jpeg' }, body: Buffer.from([0, 255]) },
    { Name: 'n', Bytes: Buffer.from([0, 255]) },
  ],
  ['a payload that is not there', '/p', structure({ Bytes: payload(blob()) }), {}, {}],
  [
    'a payload of a type of its own',
    '/p',
    structure({ Bytes: payload(blob(), 'image/jpeg') }),
    { headers: { 'content-type': 'Image/JPEG' }, body: 'j' },
    { Bytes: Buffer.from('j') },
  ],
  [
    'a payload whose type is a member',
    '/p',
    structure({ Type: header('Content-Type', string()), Bytes: payload(blob()) }),
    { headers: { 'content-type': 'image/jpg' }, body: '1234' },
    { Type: 'image/jpg', Bytes: Buffer.from('1234') },
  ],
  [
    'a payload of text',
    '/p',
    structure({ Text: payload(string()) }),
    { headers: { 'content-type': 'text/plain' }, body: 'räw' },
    { Text: 'räw' },
  ],
  [
    'a payload that is a structure',
    '/p',
    structure({ Name: header('X-Name', string()), Inner: payload(structure({ A: integer() })) }),
    { headers: json, body: '{"A":25}' },
    { Inner: { A: 25 } },
  ],
];

for (const [what, uri, input, asked, expected] of cases) {
  test(`the input has ${what}`, async (t) => {
    const seen: unknown[] = [];
    const { port } = await serveRest(t, [keepingAction({ method: 'POST', uri }, input, seen)]);
    const answer = await ask(port, { path: uri.replace(/\?.*/, ''), ...asked });
    assert.equal(answer.status, 200, answer.body);
    assert.deepEqual(seen, [expected]);
  });
}

const serialization = [400, 'SerializationException'] as const;
const unsupported = [415, 'UnsupportedMediaTypeException'] as const;

type Refusal = readonly [asked: Omit<Asked, 'method'>, status: number, exception: string];

function bodies(...texts: readonly string[]): Refusal[] {
  return texts.map((body) => [{ path: '/b', headers: json, body }, ...serialization]);
}
function paths(...targets: readonly string[]): Refusal[] {
  return targets.map((path) => [{ path }, ...serialization]);
}
function headed(headers: Readonly<Record<string, string>>): Refusal {
  return [{ path: '/h', headers }, ...serialization];
}

const refusals: readonly Refusal[] = [
  ...bodies(
    '{[',
    '{"Whole":1}x',
    'x{}',
    "{'Whole':1}",
    '{"Whole":1,}',
    '[{"Whole":1}]',
    '10',
    'null',
  ),
  ...bodies('{"Whole":"1"}', '{"Whole":1.001}', '{"Whole":true}', '{"Whole":2147483648}'),
  ...bodies('{"Long":9223372036854775808}', '{"Long":-1e300}', '{"Long":0.5}', '{"Text":1}'),
  ...bodies('{"Flag":"true"}', '{"Flag":"YES"}', '{"Flag":1}', '{"Flag":True}'),
  ...bodies('{"Time":"1576540098"}', '{"Time":"2019-12-16T23:48:18Z"}', '{"IsoTime":1576540098}'),
  ...bodies('{"IsoTime":"2019-12-16 23:48:18Z"}', '{"HttpTime":"2019-12-16T23:48:18Z"}'),
  ...bodies('{"Bytes":"xyz"}', '{"Bytes":[1]}', '{"Texts":["a",null]}', '{"Texts":{"a":1}}'),
  ...bodies('{"Tags":{"k":null}}', '{"Tags":["k"]}', '{"Inner":[]}', '{"Inner":"x"}'),
  ...paths('/p/a/x/true/2019-12-16T23%3A48%3A18Z/r', '/p/a/1.5/true/2019-12-16T23%3A48%3A18Z/r'),
  ...paths('/p/a/2147483648/true/2019-12-16T23%3A48%3A18Z/r', '/p/a/1/True/2019-12-16T23:48:18Z/r'),
  ...paths('/p/a/1/true/1576540098/r', '/p/%ff/1/true/2019-12-16T23:48:18Z/r'),
  ...paths('/q?whole=x', '/q?whole=', '/q?whole=0x42', '/q?whole=NaN', '/q?wholes=1&wholes=a'),
  ...paths('/q?flag=1', '/q?flag=TRUE', '/q?time=1576540098', '/q?seconds=2019-12-16T23:48:18Z'),
  headed({ 'x-wholes': '1,a' }),
  headed({ 'x-flags': 'yes' }),
  headed({ 'x-time': isoDate }),
  headed({ 'x-time': '1576540098' }),
  headed({ 'x-texts': '"a' }),
  [{ path: '/b', body: '{}' }, ...unsupported],
  [{ path: '/b', body: '{}', headers: { 'content-type': 'application/hal+json' } }, ...unsupported],
  [{ path: '/h', body: '{}', headers: json }, ...unsupported],
  [{ path: '/text', body: 'a', headers: json }, ...unsupported],
  [{ path: '/text', body: 'a' }, ...unsupported],
  [{ path: '/jpeg', body: 'a', headers: json }, ...unsupported],
  [{ path: '/b', headers: { accept: 'application/hal+json' } }, 406, 'NotAcceptableException'],
  [{ path: '/need', headers: json, body: '{}' }, 400, 'ValidationException'],
  [{ path: '/need?n=9', headers: json, body: '{"A":"a"}' }, 400, 'ValidationException'],
];

test('what is not of its type or form is refused, wherever it stands', async (t) => {
  const seen: unknown[] = [];
  const at = (uri: string, input: Shape<unknown>) =>
    keepingAction({ method: 'POST', uri }, input, seen);
  const needing = structure({ A: required(string()), N: query('n', integer({ max: 8 })) });
  const { port } = await serveRest(t, [
    ...[at(pathUri, inPath), at('/q', inQuery), at('/h', inHeaders), at('/b', inBody)],
    at('/text', structure({ Text: payload(string()) })),
    at('/jpeg', structure({ Bytes: payload(blob(), 'image/jpeg') })),
    at('/need', needing),
  ]);
  for (const [asked, status, exception] of refusals) {
    const answer = await ask(port, asked);
    const shown = JSON.stringify(asked);
    assert.equal(answer.status, status, shown);
    assert.equal(answer.headers['x-amzn-errortype'], exception, shown);
    assert.equal(answer.headers['content-type'], 'application/json', shown);
    assert.ok('message' in (JSON.parse(answer.body) as object), shown);
  }
  assert.deepEqual(seen, []);
});

test('an action without any input is called with nothing, or with an empty object', async (t) => {
  const seen: unknown[] = [];
  const action = keepingAction({ method: 'POST', uri: '/none' }, structure({}), seen);
  const { port } = await serveRest(t, [action]);
  for (const asked of [{}, { headers: json, body: '{}' }, { headers: { accept: '*/*' } }]) {
    assert.equal((await ask(port, { path: '/none', ...asked })).status, 200);
  }
  assert.deepEqual(seen, [{}, {}, {}]);
});
