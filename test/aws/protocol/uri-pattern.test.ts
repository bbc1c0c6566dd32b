/** Cases: the tables of "http trait" and "Specificity routing" in Smithy's specification. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  compareSpecificity,
  labelsIn,
  requestTarget,
  uriPattern,
} from '../../../src/aws/protocol/uri-pattern.ts';

function match(pattern: string, url: string): Record<string, string> | undefined {
  const labels = labelsIn(uriPattern(pattern), requestTarget(url));
  return labels && Object.fromEntries(labels);
}

type Case = readonly [pattern: string, url: string, labels: Record<string, string> | undefined];

const cases: readonly Case[] = [
  ['/', '/', {}],
  ['/', '/a', undefined],
  ['/a/b', '/a/b', {}],
  ['/a/b', '/a/b/', {}],
  ['/a/b/', '/a/b', {}],
  ['/a/b', '/a', undefined],
  ['/a/b', '/a/c', undefined],
  ['/a/b', '/a/b/c', undefined],
  ['/a/b', '/a//b', undefined],
  ['/a/b', '//a/b', undefined],
  ['/a/b', '/A/b', undefined],
  ['/a/b', '/%61/b', {}],
  ['/a/b', '/a%2Fb', undefined],
  ['/a/b', '/%zz/b', undefined],
  ['/a/(b+)+', '/a/(b+)+', {}],
  ['/a/{X}', '/a/one', { X: 'one' }],
  ['/a/{X}', '/a/one/', { X: 'one' }],
  ['/a/{X}', '/a/one%2Ftwo', { X: 'one%2Ftwo' }],
  ['/a/{X}', '/a/one/two', undefined],
  ['/a/{X}', '/a/', undefined],
  ['/a/{X}', '/a', undefined],
  ['/a/{X}/b', '/a//b', undefined],
  ['/a/{X}/{Y}', '/a/1/2/', { X: '1', Y: '2' }],
  ['/a/{X}/{Y}', '/a/1', undefined],
  ['/a/{X+}', '/a/1', { X: '1' }],
  ['/a/{X+}', '/a/1/2/3/', { X: '1/2/3' }],
  ['/a/{X+}', '/a/1//3', { X: '1//3' }],
  ['/a/{X+}', '/a', undefined],
  ['/a/{X+}', '/a/', undefined],
  ['/a/{X+}/b', '/a/1/b/2/b', { X: '1/b/2' }],
  ['/a/{X+}/b', '/a/b', undefined],
  ['/a/{X+}/b', '/a/1/2', undefined],
  ['/a?b', '/a?b', {}],
  ['/a?b', '/a?b=1', {}],
  ['/a?b', '/a?c&b', {}],
  ['/a?b', '/a', undefined],
  ['/a?b', '/a?', undefined],
  ['/a?b=c', '/a?b=c', {}],
  ['/a?b=c', '/a?x&b=c', {}],
  ['/a?b=c', '/a?b=d', undefined],
  ['/a?b=c', '/a?b', undefined],
  ['/a/{X}', 'http://example.com:80/a/1?x', { X: '1' }],
  ['/', 'http://example.com', {}],
];

for (const [pattern, url, labels] of cases) {
  test(`${pattern} ${labels === undefined ? 'is not' : 'is'} ${url}`, () => {
    assert.deepEqual(match(pattern, url), labels);
  });
}

const orders: readonly (readonly string[])[] = [
  ['/a/b/{X}', '/a/{X}/c', '/{X}/b/c'],
  ['/a/b/{X}', '/a/{X}/c', '/{X}/b/c?d=e'],
  ['/a/{X+}/b', '/a/{X+}'],
  ['/a/{X}', '/a/{X+}'],
  ['/a?b=c', '/a'],
];

for (const order of orders) {
  test(`the more specific comes first in ${order.join(', ')}`, () => {
    const patterns = order.toReversed().map(uriPattern);
    const sorted = patterns.toSorted(compareSpecificity);
    assert.deepEqual(sorted, order.map(uriPattern));
  });
}

test('no target makes the matching throw, or takes a time that grows faster than it', () => {
  const targets = fc.string({ unit: fc.constantFrom(...'/ab%2F?=&{}+') });
  fc.assert(
    fc.property(targets, (target) => {
      for (const [pattern] of cases) match(pattern, `/${target}`);
    }),
    { numRuns: 500 },
  );
  assert.equal(match('/a/{X+}/b/{Y}/c', `/a${'/b'.repeat(10_000)}`), undefined);
});
