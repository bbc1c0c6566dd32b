/** The reader of large JSON bodies, beside JSON.parse. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { decodeBody } from '../../../src/aws/protocol/codec.ts';
import { SerializationError } from '../../../src/aws/protocol/errors.ts';
import { jsonNamesOf, readPlainJson } from '../../../src/aws/protocol/json.ts';
import { putRecords as action } from '../../../src/aws/kinesis/actions/put-records.ts';

const names = jsonNamesOf(action.input);
const bounds = { containersMax: 100, depthMax: 8 };
const read = (text: string) => readPlainJson(Buffer.from(text), bounds, names);

function putRecords(count: number) {
  return {
    StreamName: 'a-stream',
    Records: Array.from({ length: count }, (_, nth) => ({
      Data: randomBytes(nth * 7).toString('base64'),
      PartitionKey: `key ${nth}`,
      ...(nth % 3 === 0 ? { ExplicitHashKey: String(nth) } : {}),
    })),
  };
}

test('plain bodies give the values of JSON.parse', () => {
  const texts = [
    JSON.stringify(putRecords(50)),
    JSON.stringify(putRecords(50), undefined, 2),
    '{}',
    ' { } ',
    '{"a":[]}',
    '{"a":[ ],"b":{"c":[1,-2.5e3,true,false,null,""]}}',
    '{"Data":"x","Data":"y","PartitionKeys":1,"Dat":2,"":3}',
    '[{"a":1},2]',
  ];
  for (const text of texts) assert.deepEqual(read(text), JSON.parse(text), text);
});

test('what is not plain is left to JSON.parse', () => {
  const texts = [
    String.raw`{"a":"\n"}`,
    '{"a":"ä"}',
    '{"a":"\u0001"}',
    '{"__proto__":{"a":1}}',
    '1',
    '"a"',
  ];
  for (const text of texts) assert.equal(read(text), undefined, text);
});

test('what is no JSON is never read', () => {
  const whole = '{"Records":[{"Data":"YQ==","n":1.5,"b":true}],"s":null}';
  for (let length = 0; length < whole.length; length++) {
    assert.equal(read(whole.slice(0, length)), undefined, whole.slice(0, length));
  }
  for (let at = 0; at < whole.length; at++) {
    for (const wrong of ['', '"', '{', '}', '[', ']', ',', ':', '0', 'x', '-', ' ']) {
      const text = whole.slice(0, at) + wrong + whole.slice(at + 1);
      const value = read(text);
      if (value !== undefined) assert.deepEqual(value, JSON.parse(text), text);
    }
  }
  for (const text of ['{"a":01}', '{"a":1.}', '{"a":tru}', '{a:1}', '{"a":1,}', '[1,]', '{}{}']) {
    assert.equal(read(text), undefined, text);
  }
});

test('too many containers, and too deep ones, are refused', () => {
  assert.throws(() => read(`{"a":[${'{},'.repeat(99)}{}]}`), SerializationError);
  assert.throws(() => read(`${'['.repeat(9)}${']'.repeat(9)}`), SerializationError);
});

test('a large body is read whichever way it is written', () => {
  const value = putRecords(200);
  const plain = Buffer.from(JSON.stringify(value));
  assert.ok(plain.length > 64 * 1024);
  assert.deepEqual(decodeBody(plain, 'json'), value);
  const escaped = Buffer.from(JSON.stringify(value).replaceAll('/', String.raw`\/`));
  assert.deepEqual(decodeBody(escaped, 'json'), value);
  const broken = plain.subarray(0, -1);
  assert.throws(() => decodeBody(broken, 'json'), SerializationError);
});
