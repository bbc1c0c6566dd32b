/** The use cases of consumer groups. */
import { GroupKeepers } from '../groups/group-keepers.ts';
import { GroupOffsets } from '../groups/group-offsets.ts';
import { GroupReports } from '../groups/group-report.ts';
import { GroupTables } from '../groups/group-tables.ts';
import type { StreamDirectory } from '../streams/directory.ts';
import type { Backing } from './backing.ts';
import type { GatewayProcess } from './process.ts';

export function groupsOf(
  gateway: GatewayProcess,
  backing: Backing,
  streams: StreamDirectory,
): GroupOffsets {
  const { config, logger, stops } = gateway;
  const shared = sharedBy(gateway, backing, streams);
  const { tables, coordinator } = shared;
  const onProblem = (groupId: string, error: unknown) =>
    logger.warn({ groupId, error }, 'lease table of a group');
  const common = { tables, coordinator, failoverMs: config.leaseFailoverMs, onProblem };
  const groupTables = new GroupTables({ ...shared, account: config.accountId });
  const keepers = new GroupKeepers({ ...common, groups: groupTables });
  const groups = new GroupOffsets({ ...shared, ...common, groups: groupTables, keepers });
  // In the background: no call waits for groups that are not in use.
  void groups.takeOver();
  stops.push(() => groups.stop());
  return groups;
}

export function reportsOf(
  gateway: GatewayProcess,
  backing: Backing,
  streams: StreamDirectory,
): GroupReports {
  return new GroupReports(sharedBy(gateway, backing, streams));
}

function sharedBy(
  { config, clock }: GatewayProcess,
  { tables, coordinator, log }: Backing,
  streams: StreamDirectory,
) {
  const { catalogTable, groupTables: groups } = config;
  return { tables, coordinator, log, clock, streams, catalogTable, groups };
}
