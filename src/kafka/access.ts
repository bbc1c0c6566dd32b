/**
 * What requests touch, in the terms of Kafka's own authorization.
 * Source: the Kafka documentation, "Operations and Resources on Protocols"; where a later API is
 * not in its table, the check of the broker.
 *
 * Where Kafka is content with one of two rights, the narrower one is named: whoever may create
 * topics in the cluster may create this one.
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

/** Whichever there are: the answer has those that the caller may see. */
const all = '*';

/** For an API that anybody may ask, or before a login. */
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

/** Topics by their names or, in versions that have no names, by their ids. */
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

/** Resources with configs: topics and groups; brokers and whatever else are the cluster's. */
export function onConfigsOf(
  operation: 'DescribeConfigs' | 'AlterConfigs',
  resources: readonly { readonly resourceType: number; readonly resourceName: string }[],
): Access[] {
  return resources.map(({ resourceType, resourceName }) => {
    const kind = resourceKinds[resourceType];
    return kind === undefined ? onCluster(operation) : access(operation, kind, resourceName);
  });
}
