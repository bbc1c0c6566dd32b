import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseReceipt, printReceipt, type Receipt } from '../../../src/domain/queues/receipt.ts';
import { toOffset } from '../../../src/domain/streams/stream.ts';

const secret = Buffer.alloc(32, 1);
const receipt: Receipt = {
  kind: 'held',
  queueId: 'jobs-0a1b2c3d',
  shard: 3,
  offset: toOffset(42n),
  key: 'AAECAwQFBgcICQoLDA0ODw',
  receiveCount: 1,
  firstReceivedAtMs: 1_795_000_000_123,
  inFlightUntilMs: 1_795_000_030_123,
  expiresAtMs: 1_795_086_400_000,
};

test('a receipt handle holds the whole receipt, for every gateway that has the secret', () => {
  const ms = fc.integer({ min: 0, max: 2 ** 47 });
  fc.assert(
    fc.property(
      fc.record({
        kind: fc.constantFrom('held' as const, 'live' as const, 'dead' as const),
        queueId: fc.stringMatching(/^[a-zA-Z0-9_.-]{1,128}-[a-z0-9]{8}$/),
        shard: fc.integer({ min: 0, max: 0xffff_ffff }),
        offset: fc.bigInt({ min: 0n, max: 0x7fff_ffff_ffff_ffffn }).map(toOffset),
        key: fc.stringMatching(/^[a-zA-Z0-9_-]{1,36}$/),
        receiveCount: fc.integer({ min: 0, max: 0xffff_ffff }),
        firstReceivedAtMs: ms,
        inFlightUntilMs: ms,
        expiresAtMs: ms,
      }),
      (given) => {
        const handle = printReceipt(given, secret);
        // The longest handle that the service model allows.
        assert.ok(handle.length <= 1024);
        assert.deepEqual(parseReceipt(handle, Buffer.from(secret)), { ...given });
      },
    ),
  );
});

test('a handle that was changed in any character, cut or lengthened is none', () => {
  const handle = printReceipt(receipt, secret);
  for (let index = 0; index < handle.length; index += 1) {
    const other = handle[index] === 'A' ? 'B' : 'A';
    const changed = handle.slice(0, index) + other + handle.slice(index + 1);
    assert.equal(parseReceipt(changed, secret), undefined, `character ${index}`);
    assert.equal(parseReceipt(handle.slice(0, index), secret), undefined, `cut at ${index}`);
  }
  assert.equal(parseReceipt(`${handle}A`, secret), undefined);
});

test('a handle of another cluster of gateways is none, and neither is any other text', () => {
  assert.equal(parseReceipt(printReceipt(receipt, Buffer.alloc(32, 2)), secret), undefined);
  fc.assert(fc.property(fc.string(), (text) => parseReceipt(text, secret) === undefined));
});
