/** Kafka 3.9 and 4.0 behind the gateway, each started once. */
import { testOlderCluster } from './older-clusters.ts';

testOlderCluster({ name: '3.9.2', hasConsumerProtocol: false, hasShareGroups: false });
testOlderCluster({ name: '4.0.2', hasConsumerProtocol: true, hasShareGroups: false });
