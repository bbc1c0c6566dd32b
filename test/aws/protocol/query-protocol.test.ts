/**
 * Lists, maps and structures in forms and in XML, as the AWS query protocol has them. Source:
 * "AWS query protocol" of Smithy, and the cases of its protocol tests for awsQuery.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Action } from '../../../src/aws/protocol/action.ts';
import { AwsError, internalFailure } from '../../../src/aws/protocol/errors.ts';
import { defineService } from '../../../src/aws/protocol/service.ts';
import {
  blob,
  boolean,
  integer,
  list,
  map,
  required,
  string,
  structure,
  timestamp,
} from '../../../src/aws/protocol/shape.ts';
import { serve } from '../kinesis/door.ts';
import { restAction } from './rest-service.ts';

const inner = structure({ A: string(), B: integer(), Deep: list(list(string())) });
const everyKind = structure({
  Text: string({ max: 40 }),
  Whole: integer(),
  Flag: boolean(),
  Time: timestamp(),
  Bytes: blob(),
  Names: list(string()),
  Wholes: list(integer()),
  Entries: list(inner),
  Tags: map(string(), string()),
  ByName: map(string(), inner),
  Lists: map(string(), list(string())),
  Inner: inner,
});

const version = '2026-01-01';

async function serveQuery(t: TestContext, seen: unknown[]) {
  const echo = restAction({
    name: 'Echo',
    http: { method: 'POST', uri: '/' },
    input: everyKind,
    output: everyKind,
    handle: async (input) => {
      seen.push(input);
      return input;
    },
  });
  const need = restAction({
    name: 'Need',
    http: { method: 'POST', uri: '/' },
    input: structure({ Names: required(list(string({ max: 2 }), { max: 2 })) }),
    handle: async () => undefined,
  });
  const actions: readonly Action<object>[] = [echo, need];
  const service = defineService({
    name: 'forms',
    protocol: { name: 'query', version, xmlNamespace: 'urn:forms' },
    actions,
    contextOf: () => ({}),
    errorOf: (thrown) => (thrown instanceof AwsError ? thrown : internalFailure(thrown)),
    errorBody: () => ({}),
  });
  const { port } = await serve(t, [service]);
  return async (form: string, action = 'Echo') => {
    const text = `Action=${action}&Version=${version}&${form}`;
    const answer = await fetch(`http://127.0.0.1:${port}/`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: text,
    });
    const asked = await fetch(`http://127.0.0.1:${port}/?${text}`);
    const xml = (await answer.text()).replace(/<RequestId>.*<\/RequestId>/, '');
    const other = (await asked.text()).replace(/<RequestId>.*<\/RequestId>/, '');
    assert.deepEqual([asked.status, other], [answer.status, xml], 'a form is a query string');
    return { status: answer.status, xml };
  };
}

type Case = readonly [what: string, form: string, input: unknown];

const cases: readonly Case[] = [
  [
    'scalars',
    'Text=a+b%26&Whole=-3&Flag=true&Time=2019-12-16T23:48:18Z&Bytes=AQI%3D',
    {
      ...{ Text: 'a b&', Whole: -3, Flag: true, Time: 1_576_540_098_000 },
      Bytes: Buffer.from([1, 2]),
    },
  ],
  ['a list', 'Names.member.1=a&Names.member.2=b', { Names: ['a', 'b'] }],
  [
    'a list in the order of its numbers',
    'Names.member.10=c&Names.member.2=b&Names.member.1=a',
    {
      Names: ['a', 'b', 'c'],
    },
  ],
  ['a list of numbers', 'Wholes.member.1=7&Wholes.member.2=-7', { Wholes: [7, -7] }],
  ['an empty list', 'Names=', { Names: [] }],
  [
    'a list of structures',
    'Entries.member.1.A=x&Entries.member.2.B=2&Entries.member.1.B=1',
    {
      Entries: [{ A: 'x', B: 1 }, { B: 2 }],
    },
  ],
  [
    'lists in lists',
    'Inner.Deep.member.1.member.1=a&Inner.Deep.member.2.member.1=b',
    {
      Inner: { Deep: [['a'], ['b']] },
    },
  ],
  [
    'a map',
    'Tags.entry.1.key=k&Tags.entry.1.value=v&Tags.entry.2.key=l&Tags.entry.2.value=w',
    {
      Tags: { k: 'v', l: 'w' },
    },
  ],
  [
    'a map of structures',
    'ByName.entry.1.key=k&ByName.entry.1.value.A=x',
    {
      ByName: { k: { A: 'x' } },
    },
  ],
  [
    'a map of lists',
    'Lists.entry.1.key=k&Lists.entry.1.value.member.1=a',
    {
      Lists: { k: ['a'] },
    },
  ],
  [
    'a map with a name that means something to JavaScript',
    'Tags.entry.1.key=__proto__&Tags.entry.1.value=v',
    {
      Tags: JSON.parse('{"__proto__":"v"}') as unknown,
    },
  ],
  ['a structure', 'Inner.A=x&Inner.B=1', { Inner: { A: 'x', B: 1 } }],
  [
    'nothing of what is not known',
    'Nobody.member.1=a&Names.item.1=b&Names.member.x=c',
    {
      Names: [],
    },
  ],
];

for (const [what, form, expected] of cases) {
  test(`a form has ${what}`, async (t) => {
    const seen: unknown[] = [];
    const ask = await serveQuery(t, seen);
    const { status, xml } = await ask(form);
    assert.equal(status, 200, xml);
    // Once as a form, once as a query string.
    assert.deepEqual(seen, [expected, expected]);
  });
}

test('an answer has lists as members, and maps as entries with key and value', async (t) => {
  const ask = await serveQuery(t, []);
  const { xml } = await ask(
    'Names.member.1=a%3C&Entries.member.1.B=1&Tags.entry.1.key=k&Tags.entry.1.value=v' +
      '&Flag=false&Time=2019-12-16T23:48:18Z&Bytes=AQI%3D&Lists.entry.1.key=e&Lists.entry.1.value=',
  );
  const expected = [
    '<EchoResponse xmlns="urn:forms">',
    '  <EchoResult>',
    '    <Flag>false</Flag>',
    '    <Time>2019-12-16T23:48:18Z</Time>',
    '    <Bytes>AQI=</Bytes>',
    '    <Names>',
    '      <member>a&lt;</member>',
    '    </Names>',
    '    <Entries>',
    '      <member>',
    '        <B>1</B>',
    '      </member>',
    '    </Entries>',
    '    <Tags>',
    '      <entry>',
    '        <key>k</key>',
    '        <value>v</value>',
    '      </entry>',
    '    </Tags>',
    '    <Lists>',
    '      <entry>',
    '        <key>e</key>',
    '        <value/>',
    '      </entry>',
    '    </Lists>',
    '  </EchoResult>',
    '  <ResponseMetadata>',
    '    ',
    '  </ResponseMetadata>',
    '</EchoResponse>',
    '',
  ];
  assert.deepEqual(xml.split('\n'), expected);
});

test('values of the wrong type are refused, and constraints are checked inside', async (t) => {
  const seen: unknown[] = [];
  const ask = await serveQuery(t, seen);
  const mistyped = [
    ...['Whole=x', 'Whole=1.5', 'Whole=2147483648', 'Flag=yes', 'Time=1576540098', 'Bytes=xyz'],
    ...[
      'Wholes.member.1=a',
      'Entries.member.1.B=x',
      'ByName.entry.1.key=k&ByName.entry.1.value.B=x',
    ],
    `Names${'.member'.repeat(20)}=a`,
  ];
  for (const form of mistyped) {
    const { status, xml } = await ask(form);
    assert.equal(status, 400, form);
    assert.match(xml, /<Code>SerializationException<\/Code>/, form);
  }
  const broken = ['', 'Names.member.1=abc', 'Names.member.1=a&Names.member.2=b&Names.member.3=c'];
  for (const form of broken) {
    const { status, xml } = await ask(form, 'Need');
    assert.equal(status, 400, form);
    assert.match(xml, /<Code>ValidationError<\/Code>/, form);
  }
  assert.match((await ask('Names.member.1=ab', 'Need')).xml, /<NeedResponse/);
  assert.deepEqual(seen, []);
});

test('an action of no service is an InvalidAction in XML', async (t) => {
  const ask = await serveQuery(t, []);
  const { status, xml } = await ask('', 'Nobody');
  assert.equal(status, 400);
  assert.match(xml, /<Code>InvalidAction<\/Code>\n\s*<Message>Could not find operation Nobody/);
});
