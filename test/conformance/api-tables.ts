/**
 * Every API that the gateway has tables for, by key: what the conformance tests go through.
 */
import type { Message } from '../../src/wire/message.ts';
import { produceRequest, produceResponse } from '../../src/wire/messages/00-produce.ts';
import { fetchRequest, fetchResponse } from '../../src/wire/messages/01-fetch.ts';
import {
  listOffsetsRequest,
  listOffsetsResponse,
} from '../../src/wire/messages/02-list-offsets.ts';
import { metadataRequest, metadataResponse } from '../../src/wire/messages/03-metadata.ts';
import {
  offsetCommitRequest,
  offsetCommitResponse,
} from '../../src/wire/messages/08-offset-commit.ts';
import {
  offsetFetchRequest,
  offsetFetchResponse,
} from '../../src/wire/messages/09-offset-fetch.ts';
import {
  findCoordinatorRequest,
  findCoordinatorResponse,
} from '../../src/wire/messages/10-find-coordinator.ts';
import { joinGroupRequest, joinGroupResponse } from '../../src/wire/messages/11-join-group.ts';
import { heartbeatRequest, heartbeatResponse } from '../../src/wire/messages/12-heartbeat.ts';
import { leaveGroupRequest, leaveGroupResponse } from '../../src/wire/messages/13-leave-group.ts';
import { syncGroupRequest, syncGroupResponse } from '../../src/wire/messages/14-sync-group.ts';
import {
  describeGroupsRequest,
  describeGroupsResponse,
} from '../../src/wire/messages/15-describe-groups.ts';
import { listGroupsRequest, listGroupsResponse } from '../../src/wire/messages/16-list-groups.ts';
import {
  saslHandshakeRequest,
  saslHandshakeResponse,
} from '../../src/wire/messages/17-sasl-handshake.ts';
import {
  apiVersionsRequest,
  apiVersionsResponse,
} from '../../src/wire/messages/18-api-versions.ts';
import {
  createTopicsRequest,
  createTopicsResponse,
} from '../../src/wire/messages/19-create-topics.ts';
import {
  deleteTopicsRequest,
  deleteTopicsResponse,
} from '../../src/wire/messages/20-delete-topics.ts';
import {
  deleteRecordsRequest,
  deleteRecordsResponse,
} from '../../src/wire/messages/21-delete-records.ts';
import {
  initProducerIdRequest,
  initProducerIdResponse,
} from '../../src/wire/messages/22-init-producer-id.ts';
import {
  offsetForLeaderEpochRequest,
  offsetForLeaderEpochResponse,
} from '../../src/wire/messages/23-offset-for-leader-epoch.ts';
import {
  addPartitionsToTxnRequest,
  addPartitionsToTxnResponse,
} from '../../src/wire/messages/24-add-partitions-to-txn.ts';
import {
  addOffsetsToTxnRequest,
  addOffsetsToTxnResponse,
} from '../../src/wire/messages/25-add-offsets-to-txn.ts';
import { endTxnRequest, endTxnResponse } from '../../src/wire/messages/26-end-txn.ts';
import {
  writeTxnMarkersRequest,
  writeTxnMarkersResponse,
} from '../../src/wire/messages/27-write-txn-markers.ts';
import {
  txnOffsetCommitRequest,
  txnOffsetCommitResponse,
} from '../../src/wire/messages/28-txn-offset-commit.ts';
import {
  describeAclsRequest,
  describeAclsResponse,
} from '../../src/wire/messages/29-describe-acls.ts';
import { createAclsRequest, createAclsResponse } from '../../src/wire/messages/30-create-acls.ts';
import { deleteAclsRequest, deleteAclsResponse } from '../../src/wire/messages/31-delete-acls.ts';
import {
  describeConfigsRequest,
  describeConfigsResponse,
} from '../../src/wire/messages/32-describe-configs.ts';
import {
  alterConfigsRequest,
  alterConfigsResponse,
} from '../../src/wire/messages/33-alter-configs.ts';
import {
  alterReplicaLogDirsRequest,
  alterReplicaLogDirsResponse,
} from '../../src/wire/messages/34-alter-replica-log-dirs.ts';
import {
  describeLogDirsRequest,
  describeLogDirsResponse,
} from '../../src/wire/messages/35-describe-log-dirs.ts';
import {
  saslAuthenticateRequest,
  saslAuthenticateResponse,
} from '../../src/wire/messages/36-sasl-authenticate.ts';
import {
  createPartitionsRequest,
  createPartitionsResponse,
} from '../../src/wire/messages/37-create-partitions.ts';
import {
  createDelegationTokenRequest,
  createDelegationTokenResponse,
} from '../../src/wire/messages/38-create-delegation-token.ts';
import {
  renewDelegationTokenRequest,
  renewDelegationTokenResponse,
} from '../../src/wire/messages/39-renew-delegation-token.ts';
import {
  expireDelegationTokenRequest,
  expireDelegationTokenResponse,
} from '../../src/wire/messages/40-expire-delegation-token.ts';
import {
  describeDelegationTokenRequest,
  describeDelegationTokenResponse,
} from '../../src/wire/messages/41-describe-delegation-token.ts';
import {
  deleteGroupsRequest,
  deleteGroupsResponse,
} from '../../src/wire/messages/42-delete-groups.ts';
import {
  electLeadersRequest,
  electLeadersResponse,
} from '../../src/wire/messages/43-elect-leaders.ts';
import {
  incrementalAlterConfigsRequest,
  incrementalAlterConfigsResponse,
} from '../../src/wire/messages/44-incremental-alter-configs.ts';
import {
  alterPartitionReassignmentsRequest,
  alterPartitionReassignmentsResponse,
} from '../../src/wire/messages/45-alter-partition-reassignments.ts';
import {
  listPartitionReassignmentsRequest,
  listPartitionReassignmentsResponse,
} from '../../src/wire/messages/46-list-partition-reassignments.ts';
import {
  offsetDeleteRequest,
  offsetDeleteResponse,
} from '../../src/wire/messages/47-offset-delete.ts';
import {
  describeClientQuotasRequest,
  describeClientQuotasResponse,
} from '../../src/wire/messages/48-describe-client-quotas.ts';
import {
  alterClientQuotasRequest,
  alterClientQuotasResponse,
} from '../../src/wire/messages/49-alter-client-quotas.ts';
import {
  describeUserScramCredentialsRequest,
  describeUserScramCredentialsResponse,
} from '../../src/wire/messages/50-describe-user-scram-credentials.ts';
import {
  alterUserScramCredentialsRequest,
  alterUserScramCredentialsResponse,
} from '../../src/wire/messages/51-alter-user-scram-credentials.ts';
import {
  describeQuorumRequest,
  describeQuorumResponse,
} from '../../src/wire/messages/55-describe-quorum.ts';
import {
  updateFeaturesRequest,
  updateFeaturesResponse,
} from '../../src/wire/messages/57-update-features.ts';
import {
  describeClusterRequest,
  describeClusterResponse,
} from '../../src/wire/messages/60-describe-cluster.ts';
import {
  describeProducersRequest,
  describeProducersResponse,
} from '../../src/wire/messages/61-describe-producers.ts';
import {
  unregisterBrokerRequest,
  unregisterBrokerResponse,
} from '../../src/wire/messages/64-unregister-broker.ts';
import {
  describeTransactionsRequest,
  describeTransactionsResponse,
} from '../../src/wire/messages/65-describe-transactions.ts';
import {
  listTransactionsRequest,
  listTransactionsResponse,
} from '../../src/wire/messages/66-list-transactions.ts';
import {
  consumerGroupHeartbeatRequest,
  consumerGroupHeartbeatResponse,
} from '../../src/wire/messages/68-consumer-group-heartbeat.ts';
import {
  consumerGroupDescribeRequest,
  consumerGroupDescribeResponse,
} from '../../src/wire/messages/69-consumer-group-describe.ts';
import {
  getTelemetrySubscriptionsRequest,
  getTelemetrySubscriptionsResponse,
} from '../../src/wire/messages/71-get-telemetry-subscriptions.ts';
import {
  pushTelemetryRequest,
  pushTelemetryResponse,
} from '../../src/wire/messages/72-push-telemetry.ts';
import {
  listConfigResourcesRequest,
  listConfigResourcesResponse,
} from '../../src/wire/messages/74-list-config-resources.ts';
import {
  describeTopicPartitionsRequest,
  describeTopicPartitionsResponse,
} from '../../src/wire/messages/75-describe-topic-partitions.ts';
import {
  shareGroupHeartbeatRequest,
  shareGroupHeartbeatResponse,
} from '../../src/wire/messages/76-share-group-heartbeat.ts';
import {
  shareGroupDescribeRequest,
  shareGroupDescribeResponse,
} from '../../src/wire/messages/77-share-group-describe.ts';
import { shareFetchRequest, shareFetchResponse } from '../../src/wire/messages/78-share-fetch.ts';
import {
  shareAcknowledgeRequest,
  shareAcknowledgeResponse,
} from '../../src/wire/messages/79-share-acknowledge.ts';
import {
  addRaftVoterRequest,
  addRaftVoterResponse,
} from '../../src/wire/messages/80-add-raft-voter.ts';
import {
  removeRaftVoterRequest,
  removeRaftVoterResponse,
} from '../../src/wire/messages/81-remove-raft-voter.ts';
import {
  streamsGroupHeartbeatRequest,
  streamsGroupHeartbeatResponse,
} from '../../src/wire/messages/88-streams-group-heartbeat.ts';
import {
  streamsGroupDescribeRequest,
  streamsGroupDescribeResponse,
} from '../../src/wire/messages/89-streams-group-describe.ts';
import {
  describeShareGroupOffsetsRequest,
  describeShareGroupOffsetsResponse,
} from '../../src/wire/messages/90-describe-share-group-offsets.ts';
import {
  alterShareGroupOffsetsRequest,
  alterShareGroupOffsetsResponse,
} from '../../src/wire/messages/91-alter-share-group-offsets.ts';
import {
  deleteShareGroupOffsetsRequest,
  deleteShareGroupOffsetsResponse,
} from '../../src/wire/messages/92-delete-share-group-offsets.ts';
import {
  streamsGroupTopologyDescriptionUpdateRequest,
  streamsGroupTopologyDescriptionUpdateResponse,
} from '../../src/wire/messages/93-streams-group-topology-update.ts';
import {
  unregisterControllerRequest,
  unregisterControllerResponse,
} from '../../src/wire/messages/94-unregister-controller.ts';

/** A request table and its response table. */
export type ApiTables = {
  readonly name: string;
  readonly request: Message;
  readonly response: Message;
};

export const apiTables: readonly ApiTables[] = [
  { name: 'Produce', request: produceRequest, response: produceResponse },
  { name: 'Fetch', request: fetchRequest, response: fetchResponse },
  { name: 'ListOffsets', request: listOffsetsRequest, response: listOffsetsResponse },
  { name: 'Metadata', request: metadataRequest, response: metadataResponse },
  { name: 'OffsetCommit', request: offsetCommitRequest, response: offsetCommitResponse },
  { name: 'OffsetFetch', request: offsetFetchRequest, response: offsetFetchResponse },
  { name: 'FindCoordinator', request: findCoordinatorRequest, response: findCoordinatorResponse },
  { name: 'JoinGroup', request: joinGroupRequest, response: joinGroupResponse },
  { name: 'Heartbeat', request: heartbeatRequest, response: heartbeatResponse },
  { name: 'LeaveGroup', request: leaveGroupRequest, response: leaveGroupResponse },
  { name: 'SyncGroup', request: syncGroupRequest, response: syncGroupResponse },
  { name: 'DescribeGroups', request: describeGroupsRequest, response: describeGroupsResponse },
  { name: 'ListGroups', request: listGroupsRequest, response: listGroupsResponse },
  { name: 'SaslHandshake', request: saslHandshakeRequest, response: saslHandshakeResponse },
  { name: 'ApiVersions', request: apiVersionsRequest, response: apiVersionsResponse },
  { name: 'CreateTopics', request: createTopicsRequest, response: createTopicsResponse },
  { name: 'DeleteTopics', request: deleteTopicsRequest, response: deleteTopicsResponse },
  { name: 'DeleteRecords', request: deleteRecordsRequest, response: deleteRecordsResponse },
  { name: 'InitProducerId', request: initProducerIdRequest, response: initProducerIdResponse },
  {
    name: 'OffsetForLeaderEpoch',
    request: offsetForLeaderEpochRequest,
    response: offsetForLeaderEpochResponse,
  },
  {
    name: 'AddPartitionsToTxn',
    request: addPartitionsToTxnRequest,
    response: addPartitionsToTxnResponse,
  },
  { name: 'AddOffsetsToTxn', request: addOffsetsToTxnRequest, response: addOffsetsToTxnResponse },
  { name: 'EndTxn', request: endTxnRequest, response: endTxnResponse },
  { name: 'WriteTxnMarkers', request: writeTxnMarkersRequest, response: writeTxnMarkersResponse },
  { name: 'TxnOffsetCommit', request: txnOffsetCommitRequest, response: txnOffsetCommitResponse },
  { name: 'DescribeAcls', request: describeAclsRequest, response: describeAclsResponse },
  { name: 'CreateAcls', request: createAclsRequest, response: createAclsResponse },
  { name: 'DeleteAcls', request: deleteAclsRequest, response: deleteAclsResponse },
  { name: 'DescribeConfigs', request: describeConfigsRequest, response: describeConfigsResponse },
  { name: 'AlterConfigs', request: alterConfigsRequest, response: alterConfigsResponse },
  {
    name: 'AlterReplicaLogDirs',
    request: alterReplicaLogDirsRequest,
    response: alterReplicaLogDirsResponse,
  },
  { name: 'DescribeLogDirs', request: describeLogDirsRequest, response: describeLogDirsResponse },
  {
    name: 'SaslAuthenticate',
    request: saslAuthenticateRequest,
    response: saslAuthenticateResponse,
  },
  {
    name: 'CreatePartitions',
    request: createPartitionsRequest,
    response: createPartitionsResponse,
  },
  {
    name: 'CreateDelegationToken',
    request: createDelegationTokenRequest,
    response: createDelegationTokenResponse,
  },
  {
    name: 'RenewDelegationToken',
    request: renewDelegationTokenRequest,
    response: renewDelegationTokenResponse,
  },
  {
    name: 'ExpireDelegationToken',
    request: expireDelegationTokenRequest,
    response: expireDelegationTokenResponse,
  },
  {
    name: 'DescribeDelegationToken',
    request: describeDelegationTokenRequest,
    response: describeDelegationTokenResponse,
  },
  { name: 'DeleteGroups', request: deleteGroupsRequest, response: deleteGroupsResponse },
  { name: 'ElectLeaders', request: electLeadersRequest, response: electLeadersResponse },
  {
    name: 'IncrementalAlterConfigs',
    request: incrementalAlterConfigsRequest,
    response: incrementalAlterConfigsResponse,
  },
  {
    name: 'AlterPartitionReassignments',
    request: alterPartitionReassignmentsRequest,
    response: alterPartitionReassignmentsResponse,
  },
  {
    name: 'ListPartitionReassignments',
    request: listPartitionReassignmentsRequest,
    response: listPartitionReassignmentsResponse,
  },
  { name: 'OffsetDelete', request: offsetDeleteRequest, response: offsetDeleteResponse },
  {
    name: 'DescribeClientQuotas',
    request: describeClientQuotasRequest,
    response: describeClientQuotasResponse,
  },
  {
    name: 'AlterClientQuotas',
    request: alterClientQuotasRequest,
    response: alterClientQuotasResponse,
  },
  {
    name: 'DescribeUserScramCredentials',
    request: describeUserScramCredentialsRequest,
    response: describeUserScramCredentialsResponse,
  },
  {
    name: 'AlterUserScramCredentials',
    request: alterUserScramCredentialsRequest,
    response: alterUserScramCredentialsResponse,
  },
  { name: 'DescribeQuorum', request: describeQuorumRequest, response: describeQuorumResponse },
  { name: 'UpdateFeatures', request: updateFeaturesRequest, response: updateFeaturesResponse },
  { name: 'DescribeCluster', request: describeClusterRequest, response: describeClusterResponse },
  {
    name: 'DescribeProducers',
    request: describeProducersRequest,
    response: describeProducersResponse,
  },
  {
    name: 'UnregisterBroker',
    request: unregisterBrokerRequest,
    response: unregisterBrokerResponse,
  },
  {
    name: 'DescribeTransactions',
    request: describeTransactionsRequest,
    response: describeTransactionsResponse,
  },
  {
    name: 'ListTransactions',
    request: listTransactionsRequest,
    response: listTransactionsResponse,
  },
  {
    name: 'ConsumerGroupHeartbeat',
    request: consumerGroupHeartbeatRequest,
    response: consumerGroupHeartbeatResponse,
  },
  {
    name: 'ConsumerGroupDescribe',
    request: consumerGroupDescribeRequest,
    response: consumerGroupDescribeResponse,
  },
  {
    name: 'GetTelemetrySubscriptions',
    request: getTelemetrySubscriptionsRequest,
    response: getTelemetrySubscriptionsResponse,
  },
  { name: 'PushTelemetry', request: pushTelemetryRequest, response: pushTelemetryResponse },
  {
    name: 'ListConfigResources',
    request: listConfigResourcesRequest,
    response: listConfigResourcesResponse,
  },
  {
    name: 'DescribeTopicPartitions',
    request: describeTopicPartitionsRequest,
    response: describeTopicPartitionsResponse,
  },
  {
    name: 'ShareGroupHeartbeat',
    request: shareGroupHeartbeatRequest,
    response: shareGroupHeartbeatResponse,
  },
  {
    name: 'ShareGroupDescribe',
    request: shareGroupDescribeRequest,
    response: shareGroupDescribeResponse,
  },
  { name: 'ShareFetch', request: shareFetchRequest, response: shareFetchResponse },
  {
    name: 'ShareAcknowledge',
    request: shareAcknowledgeRequest,
    response: shareAcknowledgeResponse,
  },
  { name: 'AddRaftVoter', request: addRaftVoterRequest, response: addRaftVoterResponse },
  { name: 'RemoveRaftVoter', request: removeRaftVoterRequest, response: removeRaftVoterResponse },
  {
    name: 'StreamsGroupHeartbeat',
    request: streamsGroupHeartbeatRequest,
    response: streamsGroupHeartbeatResponse,
  },
  {
    name: 'StreamsGroupDescribe',
    request: streamsGroupDescribeRequest,
    response: streamsGroupDescribeResponse,
  },
  {
    name: 'DescribeShareGroupOffsets',
    request: describeShareGroupOffsetsRequest,
    response: describeShareGroupOffsetsResponse,
  },
  {
    name: 'AlterShareGroupOffsets',
    request: alterShareGroupOffsetsRequest,
    response: alterShareGroupOffsetsResponse,
  },
  {
    name: 'DeleteShareGroupOffsets',
    request: deleteShareGroupOffsetsRequest,
    response: deleteShareGroupOffsetsResponse,
  },
  {
    name: 'StreamsGroupTopologyDescriptionUpdate',
    request: streamsGroupTopologyDescriptionUpdateRequest,
    response: streamsGroupTopologyDescriptionUpdateResponse,
  },
  {
    name: 'UnregisterController',
    request: unregisterControllerRequest,
    response: unregisterControllerResponse,
  },
];
