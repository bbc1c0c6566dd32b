/**
 * AlterReplicaLogDirs: Replicas between disks of a broker. Relayed as it is. Source: the Kafka
 * protocol guide.
 */
import {
  alterReplicaLogDirsRequest as request,
  alterReplicaLogDirsResponse as response,
} from '../../wire/messages/34-alter-replica-log-dirs.ts';
import { onCluster } from '../access.ts';
import { defineApi } from '../api.ts';

export const alterReplicaLogDirs = defineApi({
  request,
  response,
  isOfOneBroker: true,
  touches: () => onCluster('Alter'),
});
