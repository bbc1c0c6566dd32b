/**
 * Every API that the gateway has tables for, by key. ApiVersions, the conformance test and the
 * matrix in the docs derive from this list.
 */
import type { Message } from '../message.ts';
import { produceRequest, produceResponse } from './00-produce.ts';
import { fetchRequest, fetchResponse } from './01-fetch.ts';
import { listOffsetsRequest, listOffsetsResponse } from './02-list-offsets.ts';
import { metadataRequest, metadataResponse } from './03-metadata.ts';
import { offsetCommitRequest, offsetCommitResponse } from './08-offset-commit.ts';
import { offsetFetchRequest, offsetFetchResponse } from './09-offset-fetch.ts';
import { findCoordinatorRequest, findCoordinatorResponse } from './10-find-coordinator.ts';
import { joinGroupRequest, joinGroupResponse } from './11-join-group.ts';
import { heartbeatRequest, heartbeatResponse } from './12-heartbeat.ts';
import { leaveGroupRequest, leaveGroupResponse } from './13-leave-group.ts';
import { syncGroupRequest, syncGroupResponse } from './14-sync-group.ts';
import { describeGroupsRequest, describeGroupsResponse } from './15-describe-groups.ts';
import { listGroupsRequest, listGroupsResponse } from './16-list-groups.ts';
import { saslHandshakeRequest, saslHandshakeResponse } from './17-sasl-handshake.ts';
import { apiVersionsRequest, apiVersionsResponse } from './18-api-versions.ts';
import { createTopicsRequest, createTopicsResponse } from './19-create-topics.ts';
import { deleteTopicsRequest, deleteTopicsResponse } from './20-delete-topics.ts';
import { deleteRecordsRequest, deleteRecordsResponse } from './21-delete-records.ts';
import { initProducerIdRequest, initProducerIdResponse } from './22-init-producer-id.ts';
import {
  offsetForLeaderEpochRequest,
  offsetForLeaderEpochResponse,
} from './23-offset-for-leader-epoch.ts';
import {
  addPartitionsToTxnRequest,
  addPartitionsToTxnResponse,
} from './24-add-partitions-to-txn.ts';
import { addOffsetsToTxnRequest, addOffsetsToTxnResponse } from './25-add-offsets-to-txn.ts';
import { endTxnRequest, endTxnResponse } from './26-end-txn.ts';
import { writeTxnMarkersRequest, writeTxnMarkersResponse } from './27-write-txn-markers.ts';
import { txnOffsetCommitRequest, txnOffsetCommitResponse } from './28-txn-offset-commit.ts';
import { describeAclsRequest, describeAclsResponse } from './29-describe-acls.ts';
import { createAclsRequest, createAclsResponse } from './30-create-acls.ts';
import { deleteAclsRequest, deleteAclsResponse } from './31-delete-acls.ts';
import { describeConfigsRequest, describeConfigsResponse } from './32-describe-configs.ts';
import { alterConfigsRequest, alterConfigsResponse } from './33-alter-configs.ts';
import {
  alterReplicaLogDirsRequest,
  alterReplicaLogDirsResponse,
} from './34-alter-replica-log-dirs.ts';
import { describeLogDirsRequest, describeLogDirsResponse } from './35-describe-log-dirs.ts';
import { saslAuthenticateRequest, saslAuthenticateResponse } from './36-sasl-authenticate.ts';
import { createPartitionsRequest, createPartitionsResponse } from './37-create-partitions.ts';
import {
  createDelegationTokenRequest,
  createDelegationTokenResponse,
} from './38-create-delegation-token.ts';
import {
  renewDelegationTokenRequest,
  renewDelegationTokenResponse,
} from './39-renew-delegation-token.ts';
import {
  expireDelegationTokenRequest,
  expireDelegationTokenResponse,
} from './40-expire-delegation-token.ts';
import {
  describeDelegationTokenRequest,
  describeDelegationTokenResponse,
} from './41-describe-delegation-token.ts';
import { deleteGroupsRequest, deleteGroupsResponse } from './42-delete-groups.ts';
import { electLeadersRequest, electLeadersResponse } from './43-elect-leaders.ts';
import {
  incrementalAlterConfigsRequest,
  incrementalAlterConfigsResponse,
} from './44-incremental-alter-configs.ts';
import {
  alterPartitionReassignmentsRequest,
  alterPartitionReassignmentsResponse,
} from './45-alter-partition-reassignments.ts';
import {
  listPartitionReassignmentsRequest,
  listPartitionReassignmentsResponse,
} from './46-list-partition-reassignments.ts';
import { offsetDeleteRequest, offsetDeleteResponse } from './47-offset-delete.ts';
import {
  describeClientQuotasRequest,
  describeClientQuotasResponse,
} from './48-describe-client-quotas.ts';
import { alterClientQuotasRequest, alterClientQuotasResponse } from './49-alter-client-quotas.ts';
import {
  describeUserScramCredentialsRequest,
  describeUserScramCredentialsResponse,
} from './50-describe-user-scram-credentials.ts';
import {
  alterUserScramCredentialsRequest,
  alterUserScramCredentialsResponse,
} from './51-alter-user-scram-credentials.ts';
import { describeQuorumRequest, describeQuorumResponse } from './55-describe-quorum.ts';
import { updateFeaturesRequest, updateFeaturesResponse } from './57-update-features.ts';
import { describeClusterRequest, describeClusterResponse } from './60-describe-cluster.ts';
import { describeProducersRequest, describeProducersResponse } from './61-describe-producers.ts';
import { unregisterBrokerRequest, unregisterBrokerResponse } from './64-unregister-broker.ts';
import {
  describeTransactionsRequest,
  describeTransactionsResponse,
} from './65-describe-transactions.ts';
import { listTransactionsRequest, listTransactionsResponse } from './66-list-transactions.ts';
import {
  consumerGroupHeartbeatRequest,
  consumerGroupHeartbeatResponse,
} from './68-consumer-group-heartbeat.ts';
import {
  consumerGroupDescribeRequest,
  consumerGroupDescribeResponse,
} from './69-consumer-group-describe.ts';
import {
  getTelemetrySubscriptionsRequest,
  getTelemetrySubscriptionsResponse,
} from './71-get-telemetry-subscriptions.ts';
import { pushTelemetryRequest, pushTelemetryResponse } from './72-push-telemetry.ts';
import {
  listConfigResourcesRequest,
  listConfigResourcesResponse,
} from './74-list-config-resources.ts';
import {
  describeTopicPartitionsRequest,
  describeTopicPartitionsResponse,
} from './75-describe-topic-partitions.ts';
import {
  shareGroupHeartbeatRequest,
  shareGroupHeartbeatResponse,
} from './76-share-group-heartbeat.ts';
import {
  shareGroupDescribeRequest,
  shareGroupDescribeResponse,
} from './77-share-group-describe.ts';
import { shareFetchRequest, shareFetchResponse } from './78-share-fetch.ts';
import { shareAcknowledgeRequest, shareAcknowledgeResponse } from './79-share-acknowledge.ts';
import { addRaftVoterRequest, addRaftVoterResponse } from './80-add-raft-voter.ts';
import { removeRaftVoterRequest, removeRaftVoterResponse } from './81-remove-raft-voter.ts';
import {
  streamsGroupHeartbeatRequest,
  streamsGroupHeartbeatResponse,
} from './88-streams-group-heartbeat.ts';
import {
  streamsGroupDescribeRequest,
  streamsGroupDescribeResponse,
} from './89-streams-group-describe.ts';
import {
  describeShareGroupOffsetsRequest,
  describeShareGroupOffsetsResponse,
} from './90-describe-share-group-offsets.ts';
import {
  alterShareGroupOffsetsRequest,
  alterShareGroupOffsetsResponse,
} from './91-alter-share-group-offsets.ts';
import {
  deleteShareGroupOffsetsRequest,
  deleteShareGroupOffsetsResponse,
} from './92-delete-share-group-offsets.ts';
import {
  streamsGroupTopologyDescriptionUpdateRequest,
  streamsGroupTopologyDescriptionUpdateResponse,
} from './93-streams-group-topology-update.ts';
import {
  unregisterControllerRequest,
  unregisterControllerResponse,
} from './94-unregister-controller.ts';

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
