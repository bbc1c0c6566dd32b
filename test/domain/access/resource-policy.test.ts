import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  parseResourcePolicy,
  policyCharactersMax,
  printResourcePolicy,
} from '../../../src/domain/access/resource-policy.ts';
import { statementPlaces } from '../../../src/domain/access/statement-places.ts';
import { isGatewayError } from '../../../src/domain/errors.ts';

const arn = 'arn:aws:kinesis:us-east-1:000000000000:stream/orders';
const known = ['PutRecord', 'PutRecords', 'GetRecords'];
const statement = {
  Sid: 'write',
  Effect: 'Allow',
  Principal: { AWS: '123456789012' },
  Action: 'kinesis:PutRecord',
  Resource: arn,
};

function parse(policy: unknown) {
  const text = typeof policy === 'string' ? policy : JSON.stringify(policy);
  return parseResourcePolicy(text, arn, known);
}

const of = (change: object) => ({
  Version: '2012-10-17',
  Statement: [{ ...statement, ...change }],
});
const without = (name: string) => {
  const rest = Object.fromEntries(Object.entries(statement).filter(([key]) => key !== name));
  return { Version: '2012-10-17', Statement: rest };
};

test('a policy names principals, actions and resources, as one value or as a list', () => {
  assert.deepEqual(parse({ Version: '2012-10-17', Id: 'i', Statement: statement }), {
    version: '2012-10-17',
    statements: [
      {
        sid: 'write',
        effect: 'Allow',
        principals: { AWS: ['123456789012'] },
        actions: ['kinesis:PutRecord'],
        exceptActions: false,
        conditions: {},
      },
    ],
  });
  const [listed] = parse(
    of({
      Effect: 'Deny',
      Principal: {
        AWS: ['*', 'arn:aws:iam::123456789012:role/r'],
        Service: 'lambda.amazonaws.com',
      },
      Action: ['kinesis:GetRecords', 'KINESIS:putrecord'],
      Resource: [arn],
      Condition: { Bool: { 'aws:SecureTransport': false }, StringEquals: { k: ['a', 'b'] } },
    }),
  ).statements;
  assert.deepEqual(listed?.principals['Service'], ['lambda.amazonaws.com']);
  assert.deepEqual(listed?.conditions, {
    Bool: { 'aws:SecureTransport': ['false'] },
    StringEquals: { k: ['a', 'b'] },
  });
});

test('everybody may be meant, and the version left out', () => {
  assert.deepEqual(parse(of({ Principal: '*' })).statements[0]?.principals, { AWS: ['*'] });
  assert.equal(parse({ Statement: [statement] }).version, '2008-10-17');
});

const refused: readonly [what: string, policy: unknown, sentence: RegExp][] = [
  ['no JSON', '{', /This policy contains invalid Json$/],
  ['a list', '[]', /invalid Json/],
  ['a string', '"a"', /invalid Json/],
  ['an unknown version', { ...of({}), Version: '2020-01-01' }, /Version must be/],
  ['an Id that is no string', { ...of({}), Id: 1 }, /Id must be a string/],
  ['an unknown element', { ...of({}), Extra: 1 }, /unknown element Extra/],
  ['no statement', { Version: '2012-10-17' }, /Missing required field Statement$/],
  ['an empty list of statements', { Statement: [] }, /Missing required field Statement$/],
  ['a statement that is none', { Statement: ['a'] }, /statement 1 is no object/],
  ['an element that no statement has', of({ Extra: 1 }), /unknown element Extra/],
  ['another effect', of({ Effect: 'allow' }), /Effect of statement 1/],
  ['no effect', without('Effect'), /Missing required field Effect$/],
  [
    'no principal',
    without('Principal'),
    /^Policy validation error: Missing required field Principal$/,
  ],
  ['NotPrincipal', of({ NotPrincipal: '*' }), /Has prohibited field NotPrincipal$/],
  ['a principal that is a name', of({ Principal: 'bob' }), /must be \* or an object/],
  ['an empty principal', of({ Principal: {} }), /must be \* or an object/],
  ['an unknown kind of principal', of({ Principal: { Gcp: '*' } }), /element Gcp/],
  ['a principal that is no account', of({ Principal: { AWS: '123' } }), /invalid principal: 123/],
  ['a principal that is a number', of({ Principal: { AWS: 123456789012 } }), /Principal AWS/],
  ['no action', without('Action'), /one of Action and NotAction/],
  ['an empty list of actions', of({ Action: [] }), /Action of statement 1/],
  [
    'an action of another service',
    of({ Action: 's3:PutRecord' }),
    /column 38: Action field includes AWS/,
  ],
  ['an unknown action', of({ Action: 'kinesis:Fly' }), /invalid actions: kinesis:Fly/],
  ['an action without a service', of({ Action: 'PutRecord' }), /inconsistent with specified/],
  ['a wildcard in an action', of({ Action: 'kinesis:*' }), /invalid actions: kinesis:\*$/],
  ['every action', of({ Action: '*' }), /inconsistent with specified vendor$/],
  ['no resource', without('Resource'), /Missing required field Resource$/],
  ['another resource', of({ Resource: `${arn}2` }), /must be the same as the resource ARN\.$/],
  ['a resource with a wildcard', of({ Resource: '*' }), /must be the same/],
  ['a Sid with other characters', of({ Sid: 'a b' }), /letters and digits/],
  ['a condition that is none', of({ Condition: 'a' }), /Condition of statement 1/],
  ['an operator without keys', of({ Condition: { Bool: 1 } }), /condition Bool/],
  ['a value that is an object', of({ Condition: { Bool: { k: {} } } }), /condition k/],
  ['the same Sid twice', { Statement: [statement, statement] }, /same Sid/],
  ['too many characters', ' '.repeat(policyCharactersMax + 1), /more than 20480 characters/],
];

for (const [what, policy, sentence] of refused) {
  test(`a policy is refused that has ${what}`, () => {
    assert.throws(
      () => parse(policy),
      (error: unknown) => isGatewayError(error, 'invalid-argument') && sentence.test(error.message),
    );
  });
}

test('a policy is printed without spaces, and without lists of one', () => {
  const text = `{ "Version": "2012-10-17",\n"Statement": [{"Action": ["kinesis:PutRecord"],
    "Principal": {"AWS": ["*"], "Service": ["a", "b"]}, "Resource": ["${arn}"]}]}`;
  assert.equal(
    printResourcePolicy(text),
    '{"Version":"2012-10-17","Statement":[{"Action":"kinesis:PutRecord",' +
      `"Principal":{"AWS":"*","Service":["a","b"]},"Resource":"${arn}"}]}`,
  );
  assert.equal(
    printResourcePolicy('{"Statement":{"Resource":["a"]}}'),
    '{"Statement":{"Resource":"a"}}',
  );
});

test('a statement has a place in the text', () => {
  const text =
    '{"Version":"2012-10-17","Statement":[{"a":[{}]},\n  {"b":"{"}],"Id":{"Statement":{}}}';
  assert.deepEqual(statementPlaces(text), [
    { line: 1, column: 38 },
    { line: 2, column: 3 },
  ]);
  assert.deepEqual(statementPlaces('{"Statement":{"c":{}}}'), [{ line: 1, column: 14 }]);
});
