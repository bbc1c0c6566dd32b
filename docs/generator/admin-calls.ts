/**
 * What the calls of Java's Admin come to through the Kafka door: the same as with the cluster
 * itself, but for the rules of streams made by CreateStream. A test makes every call both ways and
 * compares; a call that a new release of kafka-clients adds fails it until it stands here.
 */

/** Calls that a cluster of one broker without SASL carries out. */
export const adminCallsThatWork: readonly string[] = [
  'abortTransaction',
  'alterClientQuotas',
  'alterConsumerGroupOffsets',
  'alterPartitionReassignments',
  'alterShareGroupOffsets',
  'alterStreamsGroupOffsets',
  'alterUserScramCredentials',
  'clientInstanceId',
  'createAcls',
  'createPartitions',
  'createTopics',
  'deleteAcls',
  'deleteConsumerGroupOffsets',
  'deleteConsumerGroups',
  'deleteRecords',
  'deleteShareGroupOffsets',
  'deleteShareGroups',
  'deleteStreamsGroupOffsets',
  'deleteStreamsGroups',
  'deleteTopics',
  'describeAcls',
  'describeClassicGroups',
  'describeClientQuotas',
  'describeCluster',
  'describeConfigs',
  'describeConsumerGroups',
  'describeFeatures',
  'describeLogDirs',
  'describeMetadataQuorum',
  'describeProducers',
  'describeReplicaLogDirs',
  'describeShareGroups',
  'describeTopics',
  'describeTransactions',
  'describeUserScramCredentials',
  'electLeaders',
  'fenceProducers',
  'forceTerminateTransaction',
  'incrementalAlterConfigs',
  'listClientMetricsResources',
  'listConfigResources',
  'listConsumerGroupOffsets',
  'listConsumerGroups',
  'listGroups',
  'listOffsets',
  'listPartitionReassignments',
  'listShareGroupOffsets',
  'listStreamsGroupOffsets',
  'listTopics',
  'listTransactions',
  'metrics',
  'registerMetricForSubscription',
  'removeMembersFromConsumerGroup',
  'unregisterMetricFromSubscription',
];

/** Calls that such a cluster, or one with these arguments, refuses: its own errors arrive. */
export const adminCallsRefused: Readonly<Record<string, string>> = {
  addRaftVoter: 'UnsupportedVersionException',
  alterReplicaLogDirs: 'LogDirNotFoundException',
  createDelegationToken: 'UnsupportedByAuthenticationException',
  describeDelegationToken: 'UnsupportedByAuthenticationException',
  describeStreamsGroups: 'GroupIdNotFoundException',
  expireDelegationToken: 'UnsupportedByAuthenticationException',
  removeRaftVoter: 'UnsupportedVersionException',
  renewDelegationToken: 'UnsupportedByAuthenticationException',
  unregisterBroker: 'BrokerIdNotRegisteredException',
  unregisterController: 'ControllerIdNotRegisteredException',
  updateFeatures: 'InvalidUpdateVersionException',
};

/** Calls that streams made by CreateStream do not allow, wholly or in part; what to do instead. */
export const adminCallsAgainstRules: Readonly<Record<string, string>> = {
  createPartitions: 'use UpdateShardCount, SplitShard or MergeShards of the Kinesis API',
  deleteRecords: 'records are immutable; use DecreaseStreamRetentionPeriod',
  incrementalAlterConfigs:
    'no compaction, retention of 24 to 8,760 hours, no retention.bytes, LogAppendTime',
};

export function adminCallsTable(): string {
  const rows = [
    ...adminCallsThatWork.map((name) => [name, 'works']),
    ...Object.entries(adminCallsRefused).map(([name, error]) => [name, `the cluster's ${error}`]),
  ].toSorted(([one = ''], [other = '']) => one.localeCompare(other));
  const lines = rows.map(([name = '', outcome]) => {
    const rule = adminCallsAgainstRules[name];
    const onStreams = rule === undefined ? 'the same' : `PolicyViolationException: ${rule}`;
    return `| ${name} | ${outcome} | ${onStreams} |`;
  });
  const head = ['| call | on a topic | on a stream of CreateStream |', '|---|---|---|'];
  return [...head, ...lines].join('\n');
}
