import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placementOf, placementTag } from '../../../src/domain/streams/placement-tag.ts';
import { newStream } from '../../../src/domain/streams/stream-rules.ts';
import { withDistribution } from '../../../src/domain/streams/stream-settings.ts';

test('the tag places the records of Kafka clients by their keys, unless they are spread', () => {
  const plain = newStream({ name: 's', shardCount: 2, mode: 'ON_DEMAND' }, 0);
  const tagged = { ...plain, tags: { [placementTag]: 'enforce' } };
  assert.equal(placementOf(plain), 'client');
  assert.equal(placementOf(tagged), 'enforce');
  assert.equal(placementOf(withDistribution(tagged, 'AUTO')), 'client');
  assert.equal(placementOf({ ...plain, tags: { [placementTag]: 'other' } }), 'client');
});
