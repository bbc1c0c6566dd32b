/** DescribeLogDirs: Disks of a broker. Relayed as it is. Source: the Kafka protocol guide. */
import {
  describeLogDirsRequest as request,
  describeLogDirsResponse as response,
} from '../../wire/messages/35-describe-log-dirs.ts';
import { onCluster } from '../access.ts';
import { defineApi } from '../api.ts';

export const describeLogDirs = defineApi({
  request,
  response,
  isOfOneBroker: true,
  touches: () => onCluster('Describe'),
});
