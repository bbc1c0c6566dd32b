/**
 * Every action against Amazon's service model: the same members, types and constraints, and each
 * constraint, violated once over HTTP, answered with the right error. A model of a later boto3 that
 * says something else is a failing test here.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { actions } from '../../src/aws/kinesis/actions/index.ts';
import { encodeBody } from '../../src/aws/protocol/codec.ts';
import type { Shape } from '../../src/aws/protocol/shape.ts';
import { decodeCbor } from '../../src/aws/protocol/cbor.ts';
import { call, startDoor } from '../aws/kinesis/door.ts';
import { type ModelShape, readServiceModel } from '../support/service-model.ts';

const model = await readServiceModel();

function shapeOf(name: string): ModelShape {
  const shape = model.shapes[name];
  if (shape === undefined) throw new Error(`the model has no shape ${name}`);
  return shape;
}

/** Of abilities that the actions do not have: channels. */
const notOurs = new Set([
  'DescribeLimits.ChannelCount',
  'DescribeLimits.ChannelCountLimit',
  'DescribeStreamSummary.StreamDescriptionSummary.ChannelCount',
  // Reserved, says the model, and never answered.
  'DescribeStreamSummary.StreamDescriptionSummary.StreamId',
]);

/** The model requires it; AWS leaves it out of streams that it makes or deletes. */
const optionalHere = new Set(['DescribeStreamSummary.StreamDescriptionSummary.OpenShardCount']);

/** Constraints matter in what clients send; answers are the gateway's own. */
function constraintDifferences(own: Shape<unknown>, theirs: ModelShape, path: string): string[] {
  const { min = 0, max, pattern, values } = own.constraints;
  // The order in which AWS prints the values is not the model's.
  const ours = { min, max, pattern, values: values?.toSorted().join() };
  const wanted = {
    min: theirs.min ?? 0,
    max: theirs.max,
    pattern: theirs.pattern,
    values: theirs.enum?.toSorted().join(),
  };
  return (['min', 'max', 'pattern', 'values'] as const)
    .filter((key) => ours[key] !== wanted[key])
    .map((key) => `${path}: ${key} ${String(ours[key])} is ${String(wanted[key])}`);
}

type Direction = 'input' | 'output';

function differences(
  own: Shape<unknown>,
  name: string,
  path: string,
  direction: Direction,
): string[] {
  const theirs = shapeOf(name);
  if (own.kind === 'eventStream') return theirs.eventstream === true ? [] : [`${path}: no stream`];
  if (own.kind !== theirs.type) return [`${path}: ${own.kind} is ${theirs.type}`];
  const found = direction === 'input' ? constraintDifferences(own, theirs, path) : [];
  const { member, key } = own.members;
  if (own.kind === 'list') {
    found.push(...differences(member!, theirs.member!.shape, `${path}[]`, direction));
  }
  if (own.kind === 'map') {
    found.push(...differences(key!, theirs.key!.shape, `${path}{key}`, direction));
    found.push(...differences(member!, theirs.value!.shape, `${path}{value}`, direction));
  }
  if (own.kind === 'structure') found.push(...memberDifferences(own, theirs, path, direction));
  return found;
}

function memberDifferences(
  own: Shape<unknown>,
  theirs: ModelShape,
  path: string,
  direction: Direction,
): string[] {
  const found: string[] = [];
  for (const [name, { shape }] of Object.entries(theirs.members ?? {})) {
    const at = `${path}.${name}`;
    const ours = own.members[name];
    if (ours === undefined) {
      if (!notOurs.has(at)) found.push(`${at} is missing`);
      continue;
    }
    const isRequired = (theirs.required ?? []).includes(name) && !optionalHere.has(at);
    if ((ours.required === true) !== isRequired) {
      found.push(`${at}: required`);
    }
    found.push(...differences(ours, shape, at, direction));
  }
  const surplus = Object.keys(own.members).filter((name) => !(name in (theirs.members ?? {})));
  return [...found, ...surplus.map((name) => `${path}.${name} is not in the model`)];
}

for (const { name, input, output } of actions) {
  test(`${name} has the members, types and constraints of Amazon's model`, () => {
    const operation = model.operations[name]!;
    const found = differences(input, operation.input.shape, name, 'input');
    if (output !== undefined) {
      found.push(...differences(output, operation.output!.shape, name, 'output'));
    }
    assert.equal(output === undefined, operation.output === undefined);
    assert.deepEqual(found, []);
  });
}

test('every action names only exceptions that the model gives it', () => {
  const common = new Set(['InternalFailure', 'ValidationException']);
  const wrong = actions.flatMap(({ name, errors }) => {
    const known = new Set(model.operations[name]!.errors.map(({ shape }) => shape));
    return errors
      .filter((error) => !known.has(error) && !common.has(error))
      .map((error) => `${name}: ${error}`);
  });
  assert.deepEqual(wrong, []);
});

const candidates = [
  'a',
  '0',
  'arn:aws:kinesis:us-east-1:000000000000:stream/a',
  'abcdefghijklmnopqrst-abc',
  'arn:aws:kinesis:us-east-1:000000000000:stream/a/consumer/c:1',
  'arn:aws:kinesis:us-east-1:000000000000:queue/q',
];

function isMatch(pattern: string | undefined, text: string): boolean {
  return pattern === undefined || new RegExp(`^(?:${pattern})$`, 'u').test(text);
}

/** A value that violates nothing. */
function valid(name: string): unknown {
  const shape = shapeOf(name);
  const { min = 0, max = Infinity } = shape;
  if (shape.type === 'string') {
    const text = candidates.find(
      (each) => isMatch(shape.pattern, each) && each.length >= min && each.length <= max,
    );
    return shape.enum?.[0] ?? text;
  }
  if (shape.type === 'list') return [valid(shape.member!.shape)];
  if (shape.type === 'map') return { a: valid(shape.value!.shape) };
  if (shape.type === 'structure') return completed(shape, {});
  return { integer: min, long: min, boolean: true, timestamp: 1, blob: 'YWJj' }[shape.type];
}

/** The members given, and valid ones for those that are required besides. */
function completed(shape: ModelShape, given: Record<string, unknown>): Record<string, unknown> {
  const missing = (shape.required ?? []).filter((name) => !Object.hasOwn(given, name));
  const added = missing.map((name) => [name, valid(shape.members![name]!.shape)] as const);
  return { ...Object.fromEntries(added), ...given };
}

type Violation = {
  readonly value: unknown;
  /** What is said of the value; absent where it is not of the type at all. */
  readonly sentence?: string;
  readonly path: string;
};

const wrongTypes: Record<ModelShape['type'], readonly unknown[]> = {
  string: [3, true, ['a'], { a: 'a' }],
  integer: ['3', true, [3], {}],
  long: ['3', true, [3], {}],
  boolean: [3, 'perhaps', [true], {}],
  timestamp: ['3', true, [3], {}],
  blob: [3, true, ['YQ=='], {}],
  list: ['a', 3, true, {}],
  map: ['a', 3, true, []],
  structure: ['a', 3, true, []],
};

function violations(name: string, path: string): Violation[] {
  const shape = shapeOf(name);
  const found: Violation[] = wrongTypes[shape.type].map((value) => ({ value, path }));
  if (shape.type === 'blob') {
    for (const value of ['YQ', 'Y===', '****', 'YWJj\n']) found.push({ value, path });
  }
  for (const { value, sentence } of broken(shape)) found.push({ value, sentence, path });
  return [...found, ...nested(shape, path)];
}

function broken(shape: ModelShape): { value: unknown; sentence: string }[] {
  const { type, min = 0, max, pattern } = shape;
  const found: { value: unknown; sentence: string }[] = [];
  const isNumber = type === 'integer' || type === 'long';
  if (isNumber && shape.min !== undefined) {
    found.push({ value: min - 1, sentence: `value greater than or equal to ${min}` });
  }
  if (isNumber && max !== undefined) {
    found.push({ value: max + 1, sentence: `value less than or equal to ${max}` });
  }
  if (!isNumber && min > 0) {
    found.push({ value: sized(shape, 0), sentence: `length greater than or equal to ${min}` });
  }
  if (!isNumber && max !== undefined) {
    const sentence = `length less than or equal to ${max}`;
    found.push({ value: sized(shape, max + 1), sentence });
  }
  if (pattern !== undefined) {
    for (const value of ['#', '\u0000', `${String(fitting(shape))}\n`]) {
      if (!isMatch(pattern, value)) found.push({ value, sentence: `pattern: ${pattern}` });
    }
  }
  if (shape.enum !== undefined) {
    found.push({ value: 'no such', sentence: 'enum value set: [' });
  }
  return found;
}

function fitting({ pattern }: ModelShape): unknown {
  return candidates.find((each) => isMatch(pattern, each));
}

function sized(shape: ModelShape, size: number): unknown {
  const items = Array.from({ length: size }, (_, index) => index);
  if (shape.type === 'list') return items.map(() => valid(shape.member!.shape));
  if (shape.type === 'map') {
    return Object.fromEntries(items.map((index) => [`a${index}`, valid(shape.value!.shape)]));
  }
  return shape.type === 'blob' ? Buffer.alloc(size).toString('base64') : 'a'.repeat(size);
}

/** What may be wrong inside a structure, a list or a map. */
function nested(shape: ModelShape, path: string): Violation[] {
  if (shape.type === 'list') {
    const member = shape.member!.shape;
    const at = shapeOf(member).type === 'structure' ? `${path}.1.member` : path;
    return violations(member, at).map((one) => ({ ...one, value: [one.value] }));
  }
  if (shape.type === 'map') {
    const values = violations(shape.value!.shape, path);
    const keys = broken(shapeOf(shape.key!.shape)).map(({ value, sentence }) => ({
      value: { [String(value)]: valid(shape.value!.shape) },
      sentence,
      path,
    }));
    return [...values.map((one) => ({ ...one, value: { a: one.value } })), ...keys];
  }
  return Object.entries(shape.members ?? {}).flatMap(([name, { shape: inner }]) => {
    const at = `${path === '' ? '' : `${path}.`}${name[0]?.toLowerCase()}${name.slice(1)}`;
    const wrong = violations(inner, at).map((one) => ({
      ...one,
      value: completed(shape, { [name]: one.value }),
    }));
    if (!(shape.required ?? []).includes(name)) return wrong;
    const value = completed(shape, { [name]: null });
    return [...wrong, { value, sentence: 'Member must not be null', path: at }];
  });
}

const answerTimeoutMs = 30_000;
const cborHeaders = { 'content-type': 'application/x-amz-cbor-1.1' };
const format =
  /^(?:1 validation error|[2-9]\d* validation errors|10 validation errors) detected: Value /;

function judge(answer: { status: number; body: unknown }, violation: Violation): void {
  const { sentence, path, value } = violation;
  const shown = JSON.stringify(value)?.slice(0, 200);
  const { __type: type, message = '' } = answer.body as { __type: string; message?: string };
  assert.equal(answer.status, 400, shown);
  if (sentence === undefined) {
    assert.equal(type, 'SerializationException', `${shown}: ${message}`);
    return;
  }
  assert.equal(type, 'ValidationException', `${shown}: ${message}`);
  assert.match(message, format);
  const told = ['Member', 'Map keys', 'Map value'].map(
    (what) => ` at '${path}' failed to satisfy constraint: ${what} must `,
  );
  assert.ok(
    told.some((each) => message.includes(each)),
    message,
  );
  assert.ok(message.includes(sentence), `${shown}: ${sentence}: ${message.slice(0, 500)}`);
}

for (const action of actions) {
  test(
    `${action.name}: each constraint of the model, violated once, has its error`,
    { timeout: answerTimeoutMs },
    async (t) => {
      const { port } = await startDoor(t, [action]);
      const all = violations(model.operations[action.name]!.input.shape, '');
      for (const violation of all) {
        judge(await call(port, action.name, JSON.stringify(violation.value)), violation);
        // In CBOR, text is not a number either, but bytes are a blob however they are written.
        if (violation.sentence === undefined) continue;
        const bytes = encodeBody(violation.value, 'cbor') as Buffer;
        const answer = await call(port, action.name, bytes, cborHeaders);
        judge({ status: answer.status, body: decodeCbor(answer.bytes) }, violation);
      }
    },
  );
}
