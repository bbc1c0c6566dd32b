/**
 * The assignment of a classic member in SyncGroup, and its subscription in JoinGroup: an int16 with
 * the version, then the assignment or subscription. Source: the Kafka protocol guide, "Consumer
 * protocol".
 */
import { readMessage, writeMessage } from '../../wire/message.ts';
import {
  consumerProtocolAssignment as table,
  consumerProtocolSubscription as subscription,
} from '../../wire/messages/consumer-protocol.ts';
import { Reader, Writer } from '../../wire/primitives.ts';
import type { GroupPartition } from '../../domain/leases/group-offset.ts';

export type Assignment = {
  readonly partitions: readonly GroupPartition[];
  /** Assignors with user data, such as Kafka Streams' own, must see all of the partitions. */
  readonly isShareable: boolean;
};

const versionBytes = 2;

/** Undefined for bytes that are not a consumer's assignment. */
export function readAssignment(bytes: Buffer): Assignment | undefined {
  if (bytes.length < versionBytes) return undefined;
  const version = Math.min(bytes.readInt16BE(0), table.versionMax);
  if (version < table.versionMin) return undefined;
  try {
    const { assignedPartitions, userData } = readMessage(
      table,
      version,
      new Reader(bytes, versionBytes),
    );
    const partitions = assignedPartitions.flatMap(({ topic, partitions: indexes }) =>
      indexes.map((partition) => ({ topic, partition })),
    );
    return { partitions, isShareable: userData === null || userData.length === 0 };
  } catch {
    return undefined;
  }
}

/**
 * The partitions that a member owns while it joins; undefined for bytes that are not a
 * subscription.
 */
export function readOwned(bytes: Buffer): readonly GroupPartition[] | undefined {
  if (bytes.length < versionBytes) return undefined;
  const version = Math.min(bytes.readInt16BE(0), subscription.versionMax);
  if (version < subscription.versionMin) return undefined;
  try {
    const { ownedPartitions } = readMessage(subscription, version, new Reader(bytes, versionBytes));
    return ownedPartitions.flatMap(({ topic, partitions }) =>
      partitions.map((partition) => ({ topic, partition })),
    );
  } catch {
    return undefined;
  }
}

export function writeAssignment(bytes: Buffer, partitions: readonly GroupPartition[]): Buffer {
  const given = bytes.readInt16BE(0);
  const version = Math.min(given, table.versionMax);
  const { userData } = readMessage(table, version, new Reader(bytes, versionBytes));
  const topics = new Map<string, number[]>();
  for (const { topic, partition } of partitions) {
    topics.set(topic, [...(topics.get(topic) ?? []), partition]);
  }
  const assignedPartitions = [...topics].map(([topic, indexes]) => ({
    topic,
    partitions: indexes,
  }));
  const writer = new Writer();
  writer.int16(version);
  writeMessage(table, version, { assignedPartitions, userData }, writer);
  return writer.toBuffer();
}
