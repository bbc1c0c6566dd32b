import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KinesisError } from '../../../../src/aws/kinesis/errors.ts';
import { streamArnOf, streamNameIn } from '../../../../src/aws/kinesis/resources/stream-address.ts';

const here = { account: '000000000000', region: 'eu-west-1' };
const arn = 'arn:aws:kinesis:eu-west-1:000000000000:stream/orders';

function refusal(address: Parameters<typeof streamNameIn>[0]): string {
  try {
    return streamNameIn(address, here);
  } catch (error) {
    assert.ok(error instanceof KinesisError);
    return `${error.exception}: ${error.message}`;
  }
}

test('a stream is named by its name, by its ARN, or by both where they agree', () => {
  assert.equal(streamNameIn({ StreamName: 'orders' }, here), 'orders');
  assert.equal(streamNameIn({ StreamARN: arn }, here), 'orders');
  assert.equal(streamNameIn({ StreamName: 'orders', StreamARN: arn }, here), 'orders');
});

test('none, or two that differ, is an InvalidArgumentException', () => {
  assert.match(refusal({}), /^InvalidArgumentException: Stream arn and stream name can't be empty/);
  assert.match(refusal({ StreamName: 'other', StreamARN: arn }), /^InvalidArgumentException: /);
  assert.match(refusal({ StreamARN: 'arn:aws:kinesis:x' }), /^InvalidArgumentException: /);
});

test('an ARN of another account or region, or an id, names no stream that is here', () => {
  const foreign = arn.replace('000000000000', '123456789012');
  assert.match(refusal({ StreamARN: foreign }), /^UnrecognizedClientException: No account found/);
  const elsewhere = arn.replace('eu-west-1', 'us-east-1');
  assert.match(
    refusal({ StreamARN: elsewhere }),
    /^InvalidArgumentException: The region specified/,
  );
  const id = 'abcdefghijklmnopqrst-abc';
  assert.match(refusal({ StreamId: id }), /^ResourceNotFoundException: Stream abcdefgh/);
});

test('an ARN has the region that the client signed for, and the partition of that region', () => {
  assert.equal(streamArnOf('orders', here), arn);
  const arnIn = (region: string): string => streamArnOf('a', { ...here, region });
  assert.equal(arnIn('cn-north-1'), 'arn:aws-cn:kinesis:cn-north-1:000000000000:stream/a');
  assert.match(arnIn('us-gov-west-1'), /^arn:aws-us-gov:kinesis:us-gov-west-1:/);
});
