import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { userRecordCount } from '../../../src/domain/records/aggregated-record.ts';

/** As the KPL lays it out: a key table, then user records that point into it. */
function aggregate(payloads: readonly string[]): Buffer {
  const field = (number: number, bytes: Buffer) =>
    Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
  const record = (data: string) =>
    field(3, Buffer.concat([Buffer.from([0x08, 0x00]), field(3, Buffer.from(data))]));
  const message = Buffer.concat([field(1, Buffer.from('key')), ...payloads.map(record)]);
  const digest = createHash('md5').update(message).digest();
  return Buffer.concat([Buffer.from('f3899ac2', 'hex'), message, digest]);
}

test('an aggregate tells how many user records it holds', () => {
  assert.equal(userRecordCount(aggregate(['a'])), 1);
  assert.equal(userRecordCount(aggregate(['a', 'bb', 'ccc'])), 3);
  assert.equal(userRecordCount(aggregate([])), 0);
});

test('what only looks like an aggregate is one plain record', () => {
  const changed = aggregate(['a', 'b']);
  changed[changed.length - 1]! ^= 1;
  for (const data of [Buffer.alloc(0), Buffer.from('f3899ac2', 'hex'), changed, Buffer.alloc(99)]) {
    assert.equal(userRecordCount(data), undefined);
  }
  const noMessage = Buffer.from([0x0a, 0xff, 0x01, 0x02]);
  const digest = createHash('md5').update(noMessage).digest();
  const bytes = Buffer.concat([Buffer.from('f3899ac2', 'hex'), noMessage, digest]);
  assert.equal(userRecordCount(bytes), undefined);
});
