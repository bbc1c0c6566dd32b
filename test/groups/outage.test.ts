/** Groups while DynamoDB cannot be reached. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type kafkajs from 'kafkajs';
import { parseSequenceNumber } from '../../src/domain/records/sequence-number.ts';
import { shardIdOf } from '../../src/domain/streams/stream.ts';
import {
  offsetFetchRequest,
  offsetFetchResponse,
} from '../../src/wire/messages/09-offset-fetch.ts';
import { kafkaClient, newName, untilResolved } from '../support/doors.ts';
import { sharedEngines } from '../support/engines.ts';
import { startGateway } from '../support/gateway.ts';
import { openLeaseRows } from '../support/lease-rows.ts';
import { untilTrue } from '../support/until.ts';
import { wayTo } from '../support/way.ts';
import { clusterAt, commitTo, filledStream } from '../support/groups.ts';

const offsetFetchApi = { request: offsetFetchRequest, response: offsetFetchResponse };
const coordinatorLoadInProgress = 14;

test('no commit is acknowledged that the table does not have', async (t) => {
  const { dynamodbEndpoint } = await sharedEngines();
  const way = await wayTo(t, dynamodbEndpoint);
  const gateway = await startGateway(t, { settings: { KINESKA_DYNAMODB_ENDPOINT: way.endpoint } });
  const rows = await openLeaseRows(t, dynamodbEndpoint);
  const { stream } = await filledStream(gateway, 50, 1);
  const door = clusterAt(t, gateway.kafka);
  const groupId = newName();
  const commit = (offset: number) =>
    commitTo(door, { groupId, topic: stream, partition: 0, offset });
  const positionInTable = async () => {
    const row = (await rows.all(groupId))?.get(shardIdOf(0));
    return parseSequenceNumber(row?.['checkpoint']?.S ?? '')?.position;
  };
  const fetch = async () => {
    const partitions = [{ name: stream, partitionIndexes: [0] }];
    const asked = { groups: [{ groupId, topics: partitions }] };
    const answer = await door.request(offsetFetchApi, asked, { versionMax: 8 });
    const [group] = answer.groups;
    return [group?.errorCode, group?.topics[0]?.partitions[0]?.committedOffset];
  };
  // A coordinator that nobody has used yet is loading at first.
  await untilTrue('a first commit', async () => (await commit(3)) === 0);
  assert.equal(await positionInTable(), 3n);
  way.cut();
  assert.equal(await commit(9), coordinatorLoadInProgress);
  assert.deepEqual(await fetch(), [coordinatorLoadInProgress, undefined]);
  assert.equal(await positionInTable(), 3n);
  way.mend();
  await untilTrue('a commit to go through', async () => (await commit(12)) === 0);
  assert.equal(await positionInTable(), 12n);
  assert.deepEqual(await fetch(), [0, 12n]);
});

test('a consumer continues when DynamoDB is back, and reads each record once', async (t) => {
  const { dynamodbEndpoint } = await sharedEngines();
  const way = await wayTo(t, dynamodbEndpoint);
  const gateway = await startGateway(t, { settings: { KINESKA_DYNAMODB_ENDPOINT: way.endpoint } });
  const rows = await openLeaseRows(t, dynamodbEndpoint);
  const count = 60;
  const { stream } = await filledStream(gateway, count, 1);
  const groupId = newName();
  const consumer = kafkaClient(gateway.kafka).consumer({ groupId, retry: { retries: 50 } });
  await consumer.connect();
  await consumer.subscribe({ topic: stream, fromBeginning: true });
  const read: string[] = [];
  await untilResolved(
    (resolve, reject) => {
      const eachMessage = async ({ message }: kafkajs.EachMessagePayload) => {
        read.push(message.offset);
        if (read.length === count / 2) {
          way.cut();
          setTimeout(() => way.mend(), 2_000);
        }
        if (read.length === count) resolve();
      };
      consumer.run({ autoCommitThreshold: 1, eachMessage }).catch(reject);
    },
    () => `${read.length} of ${count} records were read`,
  );
  await consumer.disconnect();
  assert.deepEqual(
    read.map(Number),
    Array.from({ length: count }, (_, index) => index),
  );
  const row = (await rows.all(groupId))?.get(shardIdOf(0));
  assert.equal(parseSequenceNumber(row?.['checkpoint']?.S ?? '')?.position, BigInt(count));
});
