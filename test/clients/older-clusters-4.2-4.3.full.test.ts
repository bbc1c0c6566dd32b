/** Kafka 4.2 and 4.3 behind the gateway, each started once. */
import { testOlderCluster } from './older-clusters.ts';

testOlderCluster({ name: '4.2.2', hasConsumerProtocol: true, hasShareGroups: true });
testOlderCluster({ name: '4.3.1', hasConsumerProtocol: true, hasShareGroups: true });
