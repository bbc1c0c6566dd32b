/** Queues as clients of the Kinesis door make and see them. */
import assert from 'node:assert/strict';
import type { Cluster } from '../../adapters/kafka/cluster.ts';
import { listGroupsRequest, listGroupsResponse } from '../../src/wire/messages/16-list-groups.ts';
import type { Body, Door, Gateway } from './gateways.ts';
import { untilTrue } from './until.ts';

const listApi = { request: listGroupsRequest, response: listGroupsResponse };

export const streamArnOf = (name: string): string =>
  `arn:aws:kinesis:us-east-1:000000000000:stream/${name}`;

export function queueIdOf(arn: string): string {
  return arn.slice(arn.lastIndexOf('/') + 1);
}

/** The ARN of a queue that is CREATING. */
export async function createQueue(
  door: Door,
  stream: string,
  name: string,
  more: Body = {},
): Promise<string> {
  const StreamConfigurationList = [{ StreamARN: streamArnOf(stream) }];
  const answer = await door.ask('CreateQueue', {
    QueueName: name,
    StreamConfigurationList,
    ...more,
  });
  const description = answer['QueueDescription'] as Body | undefined;
  assert.ok(description, JSON.stringify(answer));
  assert.equal(description['QueueStatus'], 'CREATING');
  return String(description['QueueARN']);
}

export async function describeQueue(door: Door, arn: string): Promise<Body> {
  const answer = await door.ask('DescribeQueue', { QueueARN: arn });
  return (answer['QueueDescription'] as Body | undefined) ?? answer;
}

export async function untilQueueActive(door: Door, arn: string): Promise<Body> {
  await untilTrue(`queue ${arn}`, async () => {
    return (await describeQueue(door, arn))['QueueStatus'] === 'ACTIVE';
  });
  return describeQueue(door, arn);
}

export async function untilQueueGone(door: Door, arn: string): Promise<void> {
  await untilTrue(`queue ${arn} to be gone`, async () => {
    return (await describeQueue(door, arn))['__type'] === 'ResourceNotFoundException';
  });
}

/** On-demand, with four shards. */
export async function streamFor(gateway: Gateway, name: string): Promise<string> {
  await gateway.create(name, 4, 'ON_DEMAND');
  return name;
}

/** The share groups of the run's cluster, which is one broker. */
export async function shareGroups(cluster: Cluster): Promise<readonly string[]> {
  const wanted = { statesFilter: [], typesFilter: ['share'] };
  const answer = await cluster.request(listApi, wanted);
  assert.equal(answer.errorCode, 0);
  return answer.groups.map(({ groupId }) => groupId);
}
