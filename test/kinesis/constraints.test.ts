/** Every constraint of every action's input, violated once; generated from the shapes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { actions } from '../../src/kinesis/actions/index.ts';
import type { Shape } from '../../src/kinesis/shape.ts';
import { call, startDoor } from './door.ts';

const candidates = [
  'a',
  '0',
  'arn:aws:kinesis:us-east-1:000000000000:stream/a',
  'abcdefghijklmnopqrst-abc',
  'arn:aws:kinesis:us-east-1:000000000000:stream/a/consumer/c:1',
];

/** A value that breaks nothing. */
function valid(shape: Shape<unknown>): unknown {
  const { values, min = 0 } = shape.constraints;
  const byKind: Record<Shape<unknown>['kind'], () => unknown> = {
    string: () => values?.[0] ?? candidates.find((text) => breaks(shape, text) === ''),
    integer: () => min,
    long: () => min,
    boolean: () => true,
    timestamp: () => 1,
    blob: () => 'YWJj',
    list: () => [valid(shape.members['member'] as Shape<unknown>)],
    map: () => ({ a: valid(shape.members['member'] as Shape<unknown>) }),
    structure: () => completed(shape, {}),
    eventStream: () => undefined,
  };
  return byKind[shape.kind]();
}

function breaks(shape: Shape<unknown>, value: unknown): string {
  const found: string[] = [];
  shape.check(value, '', found);
  return found.join();
}

/** The members given, and valid ones for those that are required besides. */
function completed(shape: Shape<unknown>, given: Record<string, unknown>): unknown {
  const required = Object.entries(shape.members).filter(
    ([name, member]) => member.required === true && !Object.hasOwn(given, name),
  );
  return {
    ...Object.fromEntries(required.map(([name, member]) => [name, valid(member)])),
    ...given,
  };
}

type Violation = { value: unknown; exception: string; sentence: string; path: string };

const wrongType: Record<Shape<unknown>['kind'], unknown> = {
  string: 3,
  integer: '3',
  long: '3',
  boolean: 3,
  timestamp: '3',
  blob: 3,
  list: 'a',
  map: 'a',
  structure: 'a',
  eventStream: undefined,
};

function violations(shape: Shape<unknown>, path: string): Violation[] {
  const { min, max, pattern, values } = shape.constraints;
  const broken = (value: unknown, sentence: string): Violation => ({
    value,
    exception: 'ValidationException',
    sentence,
    path,
  });
  const found: Violation[] = [
    { value: wrongType[shape.kind], exception: 'SerializationException', sentence: '', path: '' },
  ];
  const sized = ['string', 'list', 'map'].includes(shape.kind);
  if (sized && min !== undefined && min > 0) {
    const empty = { string: '', list: [], map: {} }[shape.kind as 'string' | 'list' | 'map'];
    found.push(broken(empty, `length greater than or equal to ${min}`));
  }
  if (sized && max !== undefined) {
    found.push(broken(oversized(shape, max + 1), `length less than or equal to ${max}`));
  }
  if (shape.kind === 'integer' && min !== undefined) {
    found.push(broken(min - 1, `value greater than or equal to ${min}`));
  }
  if (shape.kind === 'integer' && max !== undefined) {
    found.push(broken(max + 1, `value less than or equal to ${max}`));
  }
  if (pattern !== undefined) found.push(broken('#', `pattern: ${pattern}`));
  if (values !== undefined) found.push(broken('no such', `enum value set: [${values.join(', ')}]`));
  return [...found, ...nested(shape, path)];
}

function oversized(shape: Shape<unknown>, size: number): unknown {
  const member = shape.members['member'] as Shape<unknown>;
  const items = Array.from({ length: size }, (_, index) => index);
  if (shape.kind === 'list') return items.map(() => valid(member));
  if (shape.kind === 'map') return Object.fromEntries(items.map((i) => [`a${i}`, valid(member)]));
  return 'a'.repeat(size);
}

/** What may be wrong inside a structure, a list or a map. */
function nested(shape: Shape<unknown>, path: string): Violation[] {
  const { member, key } = shape.members;
  if (shape.kind === 'list' && member !== undefined) {
    const at = member.kind === 'structure' ? `${path}.1.member` : path;
    return violations(member, at).map((one) => ({ ...one, value: [one.value] }));
  }
  if (shape.kind === 'map' && member !== undefined && key !== undefined) {
    const values = violations(member, path).map((one) => ({ ...one, value: { a: one.value } }));
    const keys = violations(key, path)
      .filter(({ exception }) => exception === 'ValidationException')
      .map((one) => ({ ...one, value: { [String(one.value)]: valid(member) } }));
    return [...values, ...keys];
  }
  if (shape.kind !== 'structure') return [];
  return Object.entries(shape.members).flatMap(([name, inner]) => {
    const at = `${path === '' ? '' : `${path}.`}${name[0]?.toLowerCase()}${name.slice(1)}`;
    const wrong = violations(inner, at).map((one) => ({
      ...one,
      value: completed(shape, { [name]: one.value }),
    }));
    if (inner.required !== true) return wrong;
    const exception = 'ValidationException';
    const absent = completed(shape, { [name]: null });
    return [...wrong, { value: absent, exception, sentence: 'must not be null', path: at }];
  });
}

for (const action of actions) {
  test(`${action.name}: each constraint, violated once, has its own right error`, async (t) => {
    const { port } = await startDoor(t, [action]);
    const all = violations(action.input, '');
    assert.ok(all.length > 1);
    for (const { value, exception, sentence, path } of all) {
      const { status, body } = await call(port, action.name, value ?? {});
      const { __type: type, message = '' } = body as { __type: string; message?: string };
      const shown = JSON.stringify(value)?.slice(0, 200);
      assert.equal(status, 400, shown);
      assert.equal(type, exception, `${shown} ${message}`);
      if (exception !== 'ValidationException') continue;
      assert.ok(message.includes(sentence), `${shown}: ${sentence}: ${message}`);
      assert.ok(message.includes(` at '${path}' `), `${shown}: ${message}`);
    }
  });
}
