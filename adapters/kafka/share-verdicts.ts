/** Settles acquired records of a share group: each at the leader of its partition. */
import { setTimeout as delay } from 'node:timers/promises';
import { isGatewayError } from '../../src/domain/errors.ts';
import type { Settlement, SettlementResult, ShareGroup } from '../../src/ports/share-log.ts';
import { errorCodes } from '../../src/wire/errors.ts';
import type { Cluster } from './cluster.ts';
import { CodeError, isRetriable } from './error-kinds.ts';
import type { OffsetRange } from './share-records.ts';
import type { Acknowledgements, ShareSessions, ShareTarget } from './share-sessions.ts';

/** The types of an acknowledgement: KIP-932, "ShareAcknowledge API". */
export const acknowledgeTypes = { gap: 0, accept: 1, release: 2 } as const;
const retryForMs = 10_000;
const retryEveryMs = 50;

/** A settlement and its place in the results. */
type Entry = { readonly index: number; readonly settlement: Settlement };
/** Of one partition, in the order of offsets. */
type PartitionEntries = readonly Entry[];

/** Settlements that wait for those before them. */
type Waiting = {
  readonly settlements: readonly Settlement[];
  readonly resolve: (results: readonly SettlementResult[]) => void;
  readonly reject: (error: unknown) => void;
};

export class ShareVerdicts {
  readonly #cluster: Cluster;
  readonly #sessions: ShareSessions;
  /** By group and member: present while a request for it is in progress. */
  readonly #waiting = new Map<string, Waiting[]>();

  constructor(cluster: Cluster, sessions: ShareSessions) {
    this.#cluster = cluster;
    this.#sessions = sessions;
  }

  /**
   * One request at a time for each member: what comes meanwhile shares the next one. Kafka answers
   * when the verdicts are stored, which takes it as long for one record as for hundreds.
   */
  async settle(
    group: ShareGroup,
    member: string,
    settlements: readonly Settlement[],
  ): Promise<readonly SettlementResult[]> {
    const key = `${group.groupId} ${member}`;
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) {
      return new Promise((resolve, reject) => {
        waiting.push({ settlements, resolve, reject });
      });
    }
    this.#waiting.set(key, []);
    try {
      return await this.#settleNow(group, member, settlements);
    } finally {
      void this.#settleWaiting(group, member, key);
    }
  }

  async #settleWaiting(group: ShareGroup, member: string, key: string): Promise<void> {
    for (;;) {
      const together = this.#waiting.get(key) ?? [];
      if (together.length === 0) break;
      this.#waiting.set(key, []);
      try {
        const all = together.flatMap(({ settlements }) => settlements);
        const results = await this.#settleNow(group, member, all);
        let from = 0;
        for (const { settlements, resolve } of together) {
          resolve(results.slice(from, (from += settlements.length)));
        }
      } catch (error) {
        for (const { reject } of together) reject(error);
      }
    }
    this.#waiting.delete(key);
  }

  async #settleNow(
    group: ShareGroup,
    member: string,
    settlements: readonly Settlement[],
  ): Promise<readonly SettlementResult[]> {
    const results = new Array<SettlementResult>(settlements.length);
    const giveUpAtMs = performance.now() + retryForMs;
    let rest = byPartition(settlements);
    while (rest.length > 0) {
      const round = new Round(group, member, results);
      rest = await this.#tryAll(round, rest);
      if (rest.length === 0) break;
      if (performance.now() > giveUpAtMs) throw round.failure;
      this.#cluster.forget(group.log);
      await delay(retryEveryMs);
    }
    return results;
  }

  /** Returns the entries that another attempt may settle. Errors: those that it may not mend. */
  async #tryAll(
    round: Round,
    partitions: readonly PartitionEntries[],
  ): Promise<readonly PartitionEntries[]> {
    const { log, groupId } = round.group;
    const { topicId } = await this.#cluster.topic(log);
    const leaders = new Map<number, PartitionEntries[]>();
    const again: PartitionEntries[] = [];
    for (const entries of partitions) {
      const leader = await this.#leaderOf(round, entries);
      if (leader === undefined) again.push(entries);
      else leaders.set(leader, [...(leaders.get(leader) ?? []), entries]);
    }
    const target = { groupId, topicId };
    const attempts = [...leaders].map(([leader, each]) => this.#tryAt(round, leader, target, each));
    return [...again, ...(await Promise.all(attempts)).flat()];
  }

  async #leaderOf(round: Round, entries: PartitionEntries): Promise<number | undefined> {
    try {
      return await this.#cluster.leaderOf(round.group.log, partitionOf(entries));
    } catch (error) {
      round.noteFailure(error);
      return undefined;
    }
  }

  async #tryAt(
    round: Round,
    leader: number,
    target: ShareTarget,
    partitions: readonly PartitionEntries[],
  ): Promise<readonly PartitionEntries[]> {
    const codes = new Map<number, number>();
    try {
      const acknowledgements = partitions.map(acknowledgementsOf);
      const { member } = round;
      const done = await this.#sessions.acknowledge(leader, target, member, acknowledgements);
      for (const { partition, code } of done) codes.set(partition, code);
    } catch (error) {
      round.noteFailure(error);
      return partitions;
    }
    const again: PartitionEntries[] = [];
    for (const entries of partitions) {
      const code = codes.get(partitionOf(entries)) ?? errorCodes.NONE;
      if (code === errorCodes.NONE) {
        round.note(entries, 'settled');
      } else if (code === errorCodes.INVALID_RECORD_STATE && !isOfOne(entries)) {
        // One record that is not held fails all of its partition.
        for (const each of byOffset(entries)) {
          again.push(...(await this.#tryAt(round, leader, target, [each])));
        }
      } else if (await this.#isForgotten(round.group.log, leader, entries, code)) {
        round.note(entries, 'not-held');
      } else {
        round.noteCode(code, entries);
        again.push(entries);
      }
    }
    return again;
  }

  /**
   * Whether the leader knows that the records are not held. A leader that has not yet read the
   * group's state, after its start or an election, answers that it does not know the partition: it
   * has no locks.
   */
  async #isForgotten(
    log: string,
    leader: number,
    entries: PartitionEntries,
    code: number,
  ): Promise<boolean> {
    if (code === errorCodes.INVALID_RECORD_STATE) return true;
    if (code !== errorCodes.UNKNOWN_TOPIC_OR_PARTITION) return false;
    const topic = await this.#cluster.refresh(log);
    return topic.leaders[partitionOf(entries)] === leader;
  }
}

/** One attempt for all entries that are left. */
class Round {
  readonly group: ShareGroup;
  readonly member: string;
  readonly #results: SettlementResult[];
  failure: unknown;

  constructor(group: ShareGroup, member: string, results: SettlementResult[]) {
    this.group = group;
    this.member = member;
    this.#results = results;
  }

  note(entries: PartitionEntries, result: SettlementResult): void {
    for (const { index } of entries) this.#results[index] = result;
  }

  noteCode(code: number, entries: PartitionEntries): void {
    const error = new CodeError(code, { log: this.group.log, partition: partitionOf(entries) });
    if (!isRetriable(code)) throw error;
    this.failure = error;
  }

  /** Throws what no other attempt will mend. */
  noteFailure(error: unknown): void {
    if (!isGatewayError(error, 'unavailable')) throw error;
    this.failure = error;
  }
}

function partitionOf(entries: PartitionEntries): number {
  return entries[0]!.settlement.partition;
}

/** By partition, and in the order of offsets, which Kafka requires. */
function byPartition(settlements: readonly Settlement[]): readonly PartitionEntries[] {
  const partitions = new Map<number, Entry[]>();
  settlements.forEach((settlement, index) => {
    const entries = partitions.get(settlement.partition);
    if (entries === undefined) partitions.set(settlement.partition, [{ index, settlement }]);
    else entries.push({ index, settlement });
  });
  const ascending = (a: Entry, b: Entry) =>
    a.settlement.offset < b.settlement.offset
      ? -1
      : Number(a.settlement.offset > b.settlement.offset);
  for (const entries of partitions.values()) entries.sort(ascending);
  return [...partitions.values()];
}

/** Whether they are all for the same record. */
function isOfOne(entries: PartitionEntries): boolean {
  return entries[0]!.settlement.offset === entries.at(-1)!.settlement.offset;
}

function byOffset(entries: PartitionEntries): readonly PartitionEntries[] {
  const groups: Entry[][] = [];
  for (const entry of entries) {
    const group = groups.at(-1);
    if (group?.[0]?.settlement.offset === entry.settlement.offset) group.push(entry);
    else groups.push([entry]);
  }
  return groups;
}

/** Adjacent offsets with the same verdict are one batch; of a repeated offset the first counts. */
function acknowledgementsOf(entries: PartitionEntries): Acknowledgements {
  const batches: { firstOffset: bigint; lastOffset: bigint; acknowledgeTypes: number[] }[] = [];
  for (const { settlement } of entries) {
    const { offset, verdict } = settlement;
    const last = batches.at(-1);
    if (last !== undefined && offset <= last.lastOffset) continue;
    const type = acknowledgeTypes[verdict];
    if (last?.lastOffset === offset - 1n && last.acknowledgeTypes[0] === type) {
      last.lastOffset = offset;
    } else {
      batches.push({ firstOffset: offset, lastOffset: offset, acknowledgeTypes: [type] });
    }
  }
  return { partitionIndex: partitionOf(entries), acknowledgementBatches: batches };
}

/** For offsets that have no record: `gaps` are done with, `unread` are delivered again. */
export function recordlessAcknowledgements(
  partitionIndex: number,
  {
    gaps,
    unread,
  }: { readonly gaps: readonly OffsetRange[]; readonly unread: readonly OffsetRange[] },
): Acknowledgements {
  const typed = (type: number) => (range: OffsetRange) => ({
    ...range,
    acknowledgeTypes: [type],
  });
  return {
    partitionIndex,
    acknowledgementBatches: [
      ...gaps.map(typed(acknowledgeTypes.gap)),
      ...unread.map(typed(acknowledgeTypes.release)),
    ],
  };
}
