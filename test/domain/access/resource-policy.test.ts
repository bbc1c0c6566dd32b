import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  matchesWildcards,
  parseResourcePolicy,
  policyCharactersMax,
} from '../../../src/domain/access/resource-policy.ts';
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

test('a policy says who may do what, one value or a list of them', () => {
  assert.deepEqual(parse({ Version: '2012-10-17', Id: 'i', Statement: statement }), {
    version: '2012-10-17',
    statements: [
      {
        sid: 'write',
        effect: 'Allow',
        principals: { AWS: ['123456789012'] },
        exceptPrincipals: false,
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
      Action: ['kinesis:Get*', 'KINESIS:putrecor?'],
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

test('everybody, every action, and everybody but some', () => {
  assert.deepEqual(parse(of({ Principal: '*', Action: '*' })).statements[0]?.principals, {
    AWS: ['*'],
  });
  const negated = { ...without('Principal').Statement, NotPrincipal: { AWS: '*' } };
  assert.equal(parse({ Statement: [negated] }).statements[0]?.exceptPrincipals, true);
  assert.equal(parse({ Statement: [statement] }).version, '2008-10-17');
});

const refused: readonly [what: string, policy: unknown, sentence: RegExp][] = [
  ['no JSON', '{', /not valid JSON/],
  ['a list', '[]', /not a JSON object/],
  ['a string', '"a"', /not a JSON object/],
  ['a version that there is not', { ...of({}), Version: '2020-01-01' }, /Version must be/],
  ['an Id that is no string', { ...of({}), Id: 1 }, /Id must be a string/],
  ['an element that there is not', { ...of({}), Extra: 1 }, /unknown element Extra/],
  ['no statement', { Version: '2012-10-17' }, /no Statement/],
  ['an empty list of statements', { Statement: [] }, /no Statement/],
  ['a statement that is none', { Statement: ['a'] }, /statement 1 is no object/],
  ['an element that no statement has', of({ Extra: 1 }), /unknown element Extra/],
  ['another effect', of({ Effect: 'allow' }), /Effect of statement 1/],
  ['no effect', without('Effect'), /Effect of statement 1/],
  ['no principal', without('Principal'), /one of Principal and NotPrincipal/],
  ['both principals', of({ NotPrincipal: '*' }), /one of Principal and NotPrincipal/],
  ['a principal that is a name', of({ Principal: 'bob' }), /must be \* or an object/],
  ['an empty principal', of({ Principal: {} }), /must be \* or an object/],
  ['a kind of principal that there is not', of({ Principal: { Gcp: '*' } }), /element Gcp/],
  ['a principal that is no account', of({ Principal: { AWS: '123' } }), /invalid principal: 123/],
  ['a principal that is a number', of({ Principal: { AWS: 123456789012 } }), /Principal AWS/],
  ['no action', without('Action'), /one of Action and NotAction/],
  ['an empty list of actions', of({ Action: [] }), /Action of statement 1/],
  ['an action of another service', of({ Action: 's3:PutRecord' }), /invalid action/],
  ['an action that there is not', of({ Action: 'kinesis:Fly' }), /invalid action: kinesis:Fly/],
  ['an action without a service', of({ Action: 'PutRecord' }), /invalid action/],
  ['no resource', without('Resource'), /Resource of statement 1/],
  ['another resource', of({ Resource: `${arn}2` }), /must be arn:aws:kinesis/],
  ['a resource with a wildcard', of({ Resource: '*' }), /must be arn:aws:kinesis/],
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

test('wildcards stand for any characters, and for one', () => {
  const texts = ['', 'a', 'ab', 'abc', 'abab'];
  const matching = (pattern: string) => texts.filter((text) => matchesWildcards(pattern, text));
  assert.deepEqual(matching('*'), texts);
  assert.deepEqual(matching('a*'), ['a', 'ab', 'abc', 'abab']);
  assert.deepEqual(matching('a?'), ['ab']);
  assert.deepEqual(matching('*b'), ['ab', 'abab']);
  assert.deepEqual(matching('a*b*'), ['ab', 'abc', 'abab']);
  assert.deepEqual(matching(''), ['']);
  assert.deepEqual(matching('?*c'), ['abc']);
});

test('a pattern of stars is decided at once', () => {
  const action = `kinesis:${'*'.repeat(10_000)}x`;
  assert.throws(() => parse(of({ Action: action })), /invalid action/);
});
