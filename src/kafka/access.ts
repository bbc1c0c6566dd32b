/**
 * The accesses of requests, in terms of Kafka's own authorization. Source: the Kafka documentation,
 * "Operations and Resources on Protocols"; for later APIs that its table lacks, the checks of the
 * broker.
 *
 * If Kafka requires only one of two permissions, the narrower one is named: a principal that may
 * create topics in the cluster may create this one.
 */
import type { Access, ResourceKind } from '../access/authorizer.ts';
import type { TopicNames } from './rules/topic-names.ts';

export type Operation =
  | 'Read'
  | 'Write'
  | 'Create'
  | 'Delete'
  | 'Alter'
  | 'Describe'
  | 'ClusterAction'
  | 'DescribeConfigs'
  | 'AlterConfigs'
  | 'IdempotentWrite'
  | 'CreateTokens'
  | 'DescribeTokens';

type Topic = { readonly name?: string | null; readonly topicId?: string };

/** All of them: the response only has those that the caller may see. */
const all = '*';

/** For APIs without authorization, or before authentication. */
export const touchesNothing = (): readonly Access[] => [];

function access(operation: Operation, kind: ResourceKind, name: string): Access {
  return { action: `kafka:${operation}`, kind, name };
}

export function onCluster(operation: Operation): Access {
  return access(operation, 'all', all);
}

export function onGroup(operation: Operation, groupId: string): Access {
  return access(operation, 'group', groupId);
}

export function onGroups(operation: Operation, groupIds: readonly string[]): Access[] {
  return groupIds.map((groupId) => onGroup(operation, groupId));
}

export function onAllGroups(operation: Operation): Access {
  return access(operation, 'group', all);
}

export function onTransactionalId(operation: Operation, transactionalId: string): Access {
  return access(operation, 'transactional-id', transactionalId);
}

export function onAllTransactionalIds(operation: Operation): Access {
  return access(operation, 'transactional-id', all);
}

export function onUser(operation: Operation, principalType: string, name: string): Access {
  return access(operation, 'user', `${principalType}:${name}`);
}

export function onAllTokens(operation: Operation): Access {
  return access(operation, 'delegation-token', all);
}

export function onTopicNames(operation: Operation, names: readonly string[]): Access[] {
  return names.map((name) => access(operation, 'stream', name));
}

export function onAllTopics(operation: Operation): Access {
  return access(operation, 'stream', all);
}

/** Topics by name or, in versions without names, by id. */
export function onTopics(
  operation: Operation,
  topics: readonly Topic[],
  { topicNames }: { readonly topicNames: Pick<TopicNames, 'get'> },
): Access[] {
  return topics.map(({ name, topicId = '' }) => {
    const known = name || topicNames.get(topicId);
    return known === undefined
      ? access(operation, 'topic-id', topicId)
      : access(operation, 'stream', known);
  });
}

const resourceKinds: Readonly<Record<number, 'stream' | 'group'>> = { 2: 'stream', 32: 'group' };

/** Resources with configs: topics and groups; brokers and all others belong to the cluster. */
export function onConfigsOf(
  operation: 'DescribeConfigs' | 'AlterConfigs',
  resources: readonly { readonly resourceType: number; readonly resourceName: string }[],
): Access[] {
  return resources.map(({ resourceType, resourceName }) => {
    const kind = resourceKinds[resourceType];
    return kind === undefined ? onCluster(operation) : access(operation, kind, resourceName);
  });
}
