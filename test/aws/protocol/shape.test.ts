import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { decodeBody, encodeBody, sourceOf } from '../../../src/aws/protocol/codec.ts';
import { AwsError } from '../../../src/aws/protocol/errors.ts';
import {
  blob,
  boolean,
  integer,
  list,
  long,
  map,
  required,
  type Shape,
  string,
  structure,
  timestamp,
  validationMessage,
} from '../../../src/aws/protocol/shape.ts';
import { cborSource, jsonSource, type Source } from '../../../src/aws/protocol/source.ts';
import {
  data,
  hashKey,
  partitionKey,
  streamName,
  tagMap,
} from '../../../src/aws/kinesis/shapes.ts';

function messageFor(shape: Shape<unknown>, value: unknown): string | undefined {
  return validationMessage(shape, shape.read(value, jsonSource));
}

function typeError(shape: Shape<unknown>, value: unknown, from: Source = jsonSource): string {
  try {
    shape.read(value, from);
  } catch (error) {
    assert.ok(error instanceof AwsError);
    assert.equal(error.exception, 'SerializationException');
    return error.message;
  }
  return 'no error';
}

const tooLong = 'a'.repeat(129);

test('a broken pattern and a broken length are two errors in one sentence, as AWS says it', () => {
  const request = structure({ Limit: integer({ min: 1 }), StreamName: required(streamName) });
  assert.equal(
    messageFor(request, { StreamName: '', Limit: 0 }),
    "3 validation errors detected: Value '0' at 'limit' failed to satisfy constraint: " +
      "Member must have value greater than or equal to 1; Value '' at 'streamName' failed to " +
      'satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+; ' +
      "Value '' at 'streamName' failed to satisfy constraint: Member must have length greater " +
      'than or equal to 1',
  );
  assert.equal(
    messageFor(request, { StreamName: tooLong }),
    `1 validation error detected: Value '${tooLong}' at 'streamName' failed to satisfy ` +
      'constraint: Member must have length less than or equal to 128',
  );
  assert.equal(
    messageFor(request, {}),
    "1 validation error detected: Value null at 'streamName' failed to satisfy constraint: " +
      'Member must not be null',
  );
  assert.equal(messageFor(request, { StreamName: 'a.B-9_' }), undefined);
});

test('a pattern must match the whole value', () => {
  const request = structure({ StreamName: streamName });
  for (const name of ['a b', 'a\n', '\na', 'ä', 'a/b']) {
    assert.match(messageFor(request, { StreamName: name }) ?? '', /regular expression pattern/);
  }
  const key = structure({ Key: hashKey });
  assert.equal(messageFor(key, { Key: '0' }), undefined);
  assert.match(messageFor(key, { Key: '00' }) ?? '', /pattern: \^\(0\|\(\[1-9\]\\d\{0,38\}\)\)\$$/);
});

test('a value outside an enumeration is told with the whole set', () => {
  const request = structure({ Type: required(string({ values: ['LATEST', 'TRIM_HORIZON'] })) });
  assert.equal(
    messageFor(request, { Type: 'x' }),
    "1 validation error detected: Value 'x' at 'type' failed to satisfy constraint: " +
      'Member must satisfy enum value set: [LATEST, TRIM_HORIZON]',
  );
});

test('entries of a list are named by their place, counted from 1, and AWS stops after ten', () => {
  const entry = structure({ PartitionKey: required(partitionKey), Data: required(data) }, 'Entry');
  const request = structure({ Records: list(entry, { min: 1, max: 500 }) });
  assert.equal(
    messageFor(request, { Records: [{ PartitionKey: 'a', Data: '' }, { PartitionKey: '' }] }),
    "2 validation errors detected: Value '' at 'records.2.member.partitionKey' failed to satisfy " +
      'constraint: Member must have length greater than or equal to 1; Value null at ' +
      "'records.2.member.data' failed to satisfy constraint: Member must not be null",
  );
  assert.equal(
    messageFor(request, { Records: [] }),
    "1 validation error detected: Value '[]' at 'records' failed to satisfy constraint: " +
      'Member must have length greater than or equal to 1',
  );
  assert.equal(
    messageFor(request, { Records: [null] }),
    "1 validation error detected: Value null at 'records.1.member' failed to satisfy constraint: " +
      'Member must not be null',
  );
  const many = messageFor(request, { Records: Array.from({ length: 501 }, () => ({})) }) ?? '';
  assert.match(many, /^10 validation errors detected: Value '\[Entry@[0-9a-f]+, Entry@/);
  assert.equal(many.split('; ').length, 10);
});

test('members of simple lists and maps are judged together', () => {
  const request = structure({
    TagKeys: list(string({ min: 1, max: 128 }), { max: 50 }),
    Tags: tagMap,
  });
  assert.equal(
    messageFor(request, { TagKeys: ['a', tooLong, 'b'] }),
    `1 validation error detected: Value '[a, ${tooLong}, b]' at 'tagKeys' failed to satisfy ` +
      'constraint: Member must satisfy constraint: [Member must have length less than or equal ' +
      'to 128, Member must have length greater than or equal to 1]',
  );
  assert.equal(
    messageFor(request, { Tags: { [tooLong]: '3' } }),
    `1 validation error detected: Value '{${tooLong}=3}' at 'tags' failed to satisfy constraint: ` +
      'Map keys must satisfy constraint: [Member must have length less than or equal to 128, ' +
      'Member must have length greater than or equal to 1]',
  );
  const longValue = 'b'.repeat(257);
  assert.equal(
    messageFor(request, { Tags: { a: longValue } }),
    `1 validation error detected: Value '{a=${longValue}}' at 'tags' failed to satisfy ` +
      'constraint: Map value must satisfy constraint: [Member must have length less than or ' +
      'equal to 256, Member must have length greater than or equal to 0]',
  );
  assert.match(messageFor(request, { Tags: {} }) ?? '', /Value '\{\}' at 'tags'/);
  assert.match(messageFor(request, { Tags: { a: null } }) ?? '', /'\{a=null\}'.*Map value must/);
});

test('a blob is told by its size', () => {
  const request = structure({ Data: blob({ max: 2 }) });
  assert.equal(
    messageFor(request, { Data: 'YWJj' }),
    "1 validation error detected: Value 'java.nio.HeapByteBuffer[pos=0 lim=3 cap=3]' at 'data' " +
      'failed to satisfy constraint: Member must have length less than or equal to 2',
  );
});

const numberText = 'class com.amazon.coral.value.json.numbers.TruncatingBigNumber';
const listText = 'Start of list found where not expected';
const structureText = 'Start of structure or map found where not expected.';
const wrongTypes: readonly [string, Shape<unknown>, readonly [unknown, string][]][] = [
  [
    'String',
    string(),
    [
      [true, 'class java.lang.Boolean can not be converted to an String'],
      [34.56, `${numberText} can not be converted to an String`],
      [[], listText],
      [{}, structureText],
    ],
  ],
  [
    'Integer',
    integer(),
    [
      ['23', 'class java.lang.String can not be converted to an Integer'],
      [true, 'class java.lang.Boolean can not be converted to an Integer'],
      [[], listText],
      [{}, structureText],
    ],
  ],
  ['Long', long(), [['23', 'class java.lang.String can not be converted to an Long']]],
  [
    'Boolean',
    boolean(),
    [
      ['23', "'23' can not be converted to an Boolean"],
      ['hello', "'HELLO' can not be converted to an Boolean"],
      [23, `${numberText} can not be converted to an Boolean`],
      [[], listText],
      [{}, structureText],
    ],
  ],
  [
    'Blob',
    blob(),
    [
      [true, 'class java.lang.Boolean can not be converted to a Blob'],
      [23, `${numberText} can not be converted to a Blob`],
      [[], listText],
      [{}, structureText],
      [
        '23456',
        "'23456' can not be converted to a Blob: Base64 encoded length is expected a multiple " +
          'of 4 bytes but found: 5',
      ],
      ['=+/=', "'=+/=' can not be converted to a Blob: Invalid Base64 character: '='"],
      ['ab-_', "'ab-_' can not be converted to a Blob: Invalid Base64 character: '-'"],
      [
        '+/+=',
        "'+/+=' can not be converted to a Blob: Invalid last non-pad Base64 character dectected",
      ],
    ],
  ],
  [
    'Timestamp',
    timestamp(),
    [
      ['23', 'class java.lang.String can not be converted to milliseconds since epoch'],
      [true, 'class java.lang.Boolean can not be converted to milliseconds since epoch'],
      [[], listText],
      [{}, structureText],
    ],
  ],
  [
    'List',
    list(string()),
    [
      ['23', 'Expected list or null'],
      [true, 'Expected list or null'],
      [34.56, 'Expected list or null'],
      [{}, structureText],
    ],
  ],
  [
    'Map',
    map(string(), string()),
    [
      ['23', 'Expected map or null'],
      [true, 'Expected map or null'],
      [34.56, 'Expected map or null'],
      [[], listText],
    ],
  ],
  [
    'Structure',
    structure({}),
    [
      ['23', 'Expected null'],
      [true, 'Expected null'],
      [34.56, 'Expected null'],
      [[], listText],
    ],
  ],
];

for (const [name, shape, cases] of wrongTypes) {
  test(`a value that is no ${name} is refused in AWS's words`, () => {
    for (const [value, message] of cases) {
      assert.equal(typeError(structure({ Member: shape }), { Member: value }), message);
    }
  });
}

test('whole numbers are cut to the range of their type, as AWS does', () => {
  const shape = integer();
  assert.equal(shape.read(100000000000, jsonSource), 2147483647);
  assert.equal(shape.read(-100000000000, jsonSource), -2147483648);
  assert.equal(shape.read(34.56, jsonSource), 34);
});

test('members that are null or unknown are as if absent', () => {
  const shape = structure({ A: string(), B: string() });
  assert.deepEqual(shape.read({ A: null, B: 'b', C: { deep: [1] } }, jsonSource), { B: 'b' });
  assert.deepEqual(shape.write({ A: undefined, B: 'b' }, 'json'), { B: 'b' });
  assert.deepEqual(structure({ constructor: string() }).read({}, jsonSource), {});
});

test('a key of a client never touches a prototype', () => {
  const tags = tagMap.read(JSON.parse('{"__proto__":"x","constructor":"y"}'), jsonSource);
  assert.deepEqual(Object.keys(tags).toSorted(), ['__proto__', 'constructor']);
  assert.equal(Object.getPrototypeOf(tags), Object.prototype);
});

test('timestamps are seconds with a fraction in JSON, whole milliseconds in CBOR', () => {
  const shape = structure({ Time: timestamp() });
  const value = { Time: 1_795_000_000_123 };
  assert.equal(JSON.stringify(shape.write(value, 'json')), '{"Time":1795000000.123}');
  assert.deepEqual(shape.read({ Time: 1795000000.123 }, jsonSource), value);
  const bytes = toBytes(encodeBody(shape.write(value, 'cbor'), 'cbor'));
  // A whole number of 8 bytes: readers of the Java SDK do not take a float here.
  assert.equal(bytes.toString('hex').slice(-18), '1b000001a1ee565e7b');
  assert.deepEqual(shape.read(decodeBody(bytes, 'cbor'), cborSource), value);
});

test('a CBOR timestamp is read with its tag, as the Java SDK writes it, and without', () => {
  const shape = structure({ Time: timestamp() });
  const number = Buffer.alloc(9);
  number[0] = 0x1b;
  number.writeBigUInt64BE(1_795_000_000_123n, 1);
  const key = Buffer.from('6454696d65', 'hex');
  for (const tag of [Buffer.alloc(0), Buffer.from([0xc1])]) {
    const bytes = Buffer.concat([Buffer.from([0xbf]), key, tag, number, Buffer.from([0xff])]);
    assert.deepEqual(shape.read(decodeBody(bytes, 'cbor'), cborSource), {
      Time: 1_795_000_000_123,
    });
  }
});

test('whatever is written in a format is read back the same', () => {
  const shape = structure({
    Text: string(),
    Whole: integer(),
    Long: long(),
    Flag: boolean(),
    Time: timestamp(),
    Bytes: blob(),
    Names: list(string()),
    Tags: map(string(), string()),
    Entries: list(structure({ Data: blob(), Key: string() })),
  });
  const text = fc.string({ unit: 'grapheme', maxLength: 40 });
  const bytes = fc.uint8Array({ maxLength: 70 }).map((array) => Buffer.from(array));
  const tags = fc.dictionary(
    text.filter((key) => key !== '__proto__'),
    text,
    { noNullPrototype: true },
  );
  const value = fc.record(
    {
      Text: text,
      Whole: fc.integer(),
      Long: fc.maxSafeInteger(),
      Flag: fc.boolean(),
      Time: fc.integer({ min: 0, max: 4_000_000_000_000 }),
      Bytes: bytes,
      Names: fc.array(text),
      Tags: tags,
      Entries: fc.array(fc.record({ Data: bytes, Key: text }, { noNullPrototype: true })),
    },
    { requiredKeys: [], noNullPrototype: true },
  );
  fc.assert(
    fc.property(value, fc.constantFrom('json' as const, 'cbor' as const), (written, format) => {
      const wire = toBytes(encodeBody(shape.write(written, format), format));
      assert.deepEqual(shape.read(decodeBody(wire, format), sourceOf(wire, format)), written);
    }),
    { numRuns: 300 },
  );
});

function toBytes(body: Buffer | string): Buffer {
  return typeof body === 'string' ? Buffer.from(body) : body;
}
