/** Policies of streams and consumers, as clients put and get them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { consumerCreationMs } from '../../../src/domain/streams/consumers.ts';
import { type Body, type DataDoor, dataDoor } from './data-door.ts';
import { account } from './door.ts';

/** Written as nobody's serializer would, so that a policy that was parsed shows. */
const policyFor = (arn: string, action: string): string =>
  `{ "Version" : "2012-10-17",\n\t"Statement":[{"Effect":"Allow",` +
  `"Principal":{"AWS":"123456789012"},` +
  `"Action":["kinesis:${action}"],\r\n"Resource":"${arn}","Sid":"\\u0061"}]}  `;

function policies(door: DataDoor) {
  return {
    put: (ResourceARN: string, Policy: string) =>
      door.ask('PutResourcePolicy', { ResourceARN, Policy }),
    get: async (ResourceARN: string) =>
      (await door.ask('GetResourcePolicy', { ResourceARN }))['Policy'],
    remove: (ResourceARN: string) => door.ask('DeleteResourcePolicy', { ResourceARN }),
  };
}

/** As AWS gives it back. */
const printed = (arn: string, action: string): string =>
  '{"Version":"2012-10-17","Statement":[{"Effect":"Allow",' +
  `"Principal":{"AWS":"123456789012"},"Action":"kinesis:${action}",` +
  `"Resource":"${arn}","Sid":"a"}]}`;

/** One that is ACTIVE. */
async function consumerOf(door: DataDoor): Promise<string> {
  const arn = await newConsumerOf(door);
  door.aheadMs += consumerCreationMs;
  return arn;
}

async function newConsumerOf(door: DataDoor): Promise<string> {
  const named = { StreamARN: door.arn, ConsumerName: 'app' };
  const { Consumer: made } = await door.ask('RegisterStreamConsumer', named);
  return String((made as Body)['ConsumerARN']);
}

test('a policy comes back as AWS prints it, out of the catalog too', async (t) => {
  const door = await dataDoor(t);
  const { put, get, remove } = policies(door);
  const consumer = await consumerOf(door);
  assert.equal(await get(door.arn), '{}');
  const own = policyFor(door.arn, 'PutRecord');
  const other = policyFor(consumer, 'SubscribeToShard');
  assert.equal(await put(door.arn, own), undefined);
  assert.equal(await put(consumer, other), undefined);
  door.streams.forget(door.name);
  assert.equal(await get(door.arn), printed(door.arn, 'PutRecord'));
  assert.equal(await get(consumer), printed(consumer, 'SubscribeToShard'));
  await put(door.arn, policyFor(door.arn, 'GetRecords'));
  assert.equal(await get(door.arn), printed(door.arn, 'GetRecords'));

  assert.equal(await remove(door.arn), undefined);
  assert.equal(await get(door.arn), '{}');
  assert.equal(await get(consumer), printed(consumer, 'SubscribeToShard'));
  assert.deepEqual(await remove(door.arn), {
    __type: 'ResourceNotFoundException',
    message: `No resource policy found for resource ARN ${door.arn}.`,
  });
  assert.equal(await remove(consumer), undefined);
  assert.equal(await get(consumer), '{}');
});

test('a policy that is none, or of another resource, is refused', async (t) => {
  const door = await dataDoor(t);
  const { put, get } = policies(door);
  const own = policyFor(door.arn, 'PutRecord');
  await put(door.arn, own);
  const consumer = await consumerOf(door);
  const wrong = ['', 'none', '{}', '[]', `${own},`, policyFor(consumer, 'PutRecord')];
  wrong.push(policyFor(door.arn, 'Fly'), '['.repeat(10_000));
  for (const text of wrong) {
    const answer = await put(door.arn, text);
    assert.equal(answer['__type'], 'InvalidArgumentException', text.slice(0, 50));
    assert.match(String(answer['message']), /^Policy validation error: /);
  }
  assert.equal(await get(door.arn), printed(door.arn, 'PutRecord'));
});

test('a consumer that is CREATING takes no policy, in the words of AWS', async (t) => {
  const door = await dataDoor(t);
  door.stoppedAtMs = Date.now();
  const { put, get } = policies(door);
  const consumer = await newConsumerOf(door);
  const policy = policyFor(consumer, 'SubscribeToShard');
  // Source: aws-cloudformation/cloudformation-coverage-roadmap#2442.
  assert.deepEqual(await put(consumer, policy), {
    __type: 'ResourceInUseException',
    message:
      `Consumer app with creation timestamp ${consumer.split(':').at(-1)} under stream ` +
      `${door.name} and account ${account} is not in ACTIVE status.`,
  });
  door.aheadMs = consumerCreationMs;
  assert.equal(await put(consumer, policy), undefined);
  assert.equal(await get(consumer), printed(consumer, 'SubscribeToShard'));
});
