/**
 * What receivers say of their deliveries: acknowledged, more or less time, restored. Entries are
 * independent of each other, and each call may reach another gateway than the delivery came from.
 */
import { GatewayError, isGatewayError } from '../domain/errors.ts';
import type { Receipt } from '../domain/queues/receipt.ts';
import type { Queue } from '../domain/queues/queue.ts';
import type { Offset } from '../domain/streams/stream.ts';
import type { QueueRow, RowChange } from '../ports/queue-rows.ts';
import type { Settlement } from '../ports/share-log.ts';
import { type DataPlaneParts, newReceiptKey, rowOfReceipt } from './delivery.ts';
import { shareGroupOf } from './share-group.ts';

/**
 * `done`; or `not-in-flight`: the receipt's delivery is over, because the record was acknowledged,
 * became visible again, or was received again; or `failed`: an engine did not answer, and nothing
 * may have been changed.
 */
export type Outcome = 'done' | 'not-in-flight' | 'failed';

export type VisibilityChange = { readonly receipt: Receipt; readonly visibilityMs: number };

/**
 * Kafka ends locks by its own clock. A lock that should run for longer than this by the gateway's
 * has not ended.
 */
const clockDoubtMs = 1_000;

/** Marks the queue before the first record that Kafka's lock holds gets a row for more time. */
export type ExtendsMark = (queue: Queue) => Promise<void>;

export class Settling {
  readonly #parts: DataPlaneParts;
  readonly #markExtends: ExtendsMark;

  constructor(parts: DataPlaneParts, markExtends: ExtendsMark) {
    this.#parts = parts;
    this.#markExtends = markExtends;
  }

  /** Of records and dead letters, for good. A repeated acknowledgement succeeds. */
  async acknowledge(queue: Queue, receipts: readonly Receipt[]): Promise<readonly Outcome[]> {
    return this.#each(queue, receipts, 'done', (withRows, held) => [
      this.#acknowledgeRows(queue, withRows),
      this.#acknowledgeHeld(queue, held),
    ]);
  }

  async changeVisibility(
    queue: Queue,
    changes: readonly VisibilityChange[],
  ): Promise<readonly Outcome[]> {
    const wanted = new Map(changes.map(({ receipt, visibilityMs }) => [receipt, visibilityMs]));
    const timeOf = (receipt: Receipt): number => wanted.get(receipt) ?? 0;
    const receipts = changes.map(({ receipt }) => receipt);
    return this.#each(queue, receipts, 'not-in-flight', (withRows, held) => [
      this.#rescheduleRows(queue, withRows, timeOf),
      this.#releaseHeld(
        queue,
        held.filter((receipt) => timeOf(receipt) === 0),
      ),
      this.#extendHeld(
        queue,
        held.filter((receipt) => timeOf(receipt) > 0),
        timeOf,
      ),
    ]);
  }

  /** Dead letters are delivered again, from the first time on. */
  async restore(queue: Queue, receipts: readonly Receipt[]): Promise<readonly Outcome[]> {
    const nowMs = this.#parts.clock.nowMs();
    const restored = { state: 'live', receiveCount: 0, visibleAtMs: nowMs } as const;
    return this.#each(queue, receipts, 'not-in-flight', (withRows) => [
      this.#change(queue, withRows, (receipt) =>
        rowOfReceipt(receipt, { ...restored, receipt: newReceiptKey() }),
      ),
    ]);
  }

  /**
   * Sorts receipts by whether the record has a row now, does the work on both kinds, and returns
   * the outcomes in the order of the receipts. `ofAcknowledged`: of those that were acknowledged
   * before.
   */
  async #each(
    queue: Queue,
    receipts: readonly Receipt[],
    ofAcknowledged: Outcome,
    work: (
      withRows: readonly Receipt[],
      held: readonly Receipt[],
    ) => readonly Promise<ReadonlyMap<Receipt, Outcome>>[],
  ): Promise<readonly Outcome[]> {
    const sorted = await this.#sorted(queue, receipts, ofAcknowledged);
    const outcomes = await Promise.all(work(sorted.withRows, sorted.held));
    return receipts.map((receipt) => {
      const found = outcomes.map((each) => each.get(receipt)).find((each) => each !== undefined);
      return found ?? sorted.others.get(receipt) ?? 'failed';
    });
  }

  /**
   * A record that Kafka's lock holds has no row, unless it was given more time, or its lock has
   * ended and it was received again.
   */
  async #sorted(queue: Queue, receipts: readonly Receipt[], ofAcknowledged: Outcome) {
    const nowMs = this.#parts.clock.nowMs();
    const withRows: Receipt[] = [];
    const held: Receipt[] = [];
    const doubtful: Receipt[] = [];
    const others = new Map<Receipt, Outcome>();
    for (const receipt of receipts) {
      if (receipt.kind !== 'held') withRows.push(receipt);
      else if (queue.extends || nowMs >= receipt.inFlightUntilMs) doubtful.push(receipt);
      else held.push(receipt);
    }
    if (doubtful.length === 0) return { withRows, held, others };
    const rows = await this.#rowsOf(queue, doubtful);
    for (const [index, receipt] of doubtful.entries()) {
      const row = rows?.[index];
      if (rows === undefined) others.set(receipt, 'failed');
      else if (row === undefined) held.push(receipt);
      else if (row.receipt === receipt.key && row.state === 'live') withRows.push(receipt);
      else others.set(receipt, row.state === 'done' ? ofAcknowledged : 'not-in-flight');
    }
    return { withRows, held, others };
  }

  async #rowsOf(
    queue: Queue,
    receipts: readonly Receipt[],
  ): Promise<readonly (QueueRow | undefined)[] | undefined> {
    try {
      return await this.#parts.rows.get(queue.id, receipts);
    } catch (error) {
      if (!isGatewayError(error)) throw error;
      return undefined;
    }
  }

  async #acknowledgeRows(queue: Queue, receipts: readonly Receipt[]) {
    const nowMs = this.#parts.clock.nowMs();
    const outcomes = await this.#change(queue, receipts, (receipt) => doneRow(receipt, nowMs));
    const doubtful = receipts.filter((receipt) => outcomes.get(receipt) === 'not-in-flight');
    if (doubtful.length === 0) return outcomes;
    const rows = await this.#rowsOf(queue, doubtful);
    const known = new Map(outcomes);
    for (const [index, receipt] of doubtful.entries()) {
      const row = rows?.[index];
      // A record without a row any more was acknowledged before.
      if (rows === undefined) known.set(receipt, 'failed');
      else if (row === undefined || row.state === 'done') known.set(receipt, 'done');
    }
    return known;
  }

  /**
   * If Kafka does not know the lock any more (a broker was restarted, or the lock has ended), a row
   * stores that the record is done with.
   */
  async #acknowledgeHeld(queue: Queue, receipts: readonly Receipt[]) {
    const { outcomes, notHeld } = await this.#settle(queue, receipts, 'accept');
    if (notHeld.length === 0) return outcomes;
    const nowMs = this.#parts.clock.nowMs();
    try {
      const rows = notHeld.map((receipt) => doneRow(receipt, nowMs));
      const added = await this.#parts.rows.add(queue.id, rows);
      for (const [index, receipt] of notHeld.entries()) {
        outcomes.set(receipt, added[index] === true ? 'done' : 'not-in-flight');
      }
      const present = notHeld.filter((_receipt, index) => added[index] !== true);
      const again = present.length === 0 ? [] : await this.#parts.rows.get(queue.id, present);
      // Its visibility may have been extended at the same time.
      const own = present.filter((receipt, index) => again[index]?.receipt === receipt.key);
      const acknowledged = await this.#acknowledgeRows(queue, own);
      for (const [index, receipt] of present.entries()) {
        const outcome = again[index]?.state === 'done' ? 'done' : acknowledged.get(receipt);
        if (outcome !== undefined) outcomes.set(receipt, outcome);
      }
    } catch (error) {
      if (!isGatewayError(error)) throw error;
      for (const receipt of notHeld) outcomes.set(receipt, 'failed');
    }
    return outcomes;
  }

  /** Visible at once: Kafka counts the delivery, and hands the record out again. */
  async #releaseHeld(queue: Queue, receipts: readonly Receipt[]) {
    const { outcomes, notHeld } = await this.#settle(queue, receipts, 'release');
    for (const receipt of notHeld) outcomes.set(receipt, 'not-in-flight');
    return outcomes;
  }

  async #rescheduleRows(
    queue: Queue,
    receipts: readonly Receipt[],
    timeOf: (receipt: Receipt) => number,
  ) {
    const nowMs = this.#parts.clock.nowMs();
    const late = await this.#lateOutcomes(queue, receipts, nowMs);
    const inFlight = receipts.filter((receipt) => !late.has(receipt));
    const outcomes = await this.#change(queue, inFlight, (receipt) =>
      rowOfReceipt(receipt, { visibleAtMs: nowMs + timeOf(receipt) }),
    );
    return new Map([...late, ...outcomes]);
  }

  /** Those that have become visible meanwhile cannot be extended, even if nobody received them. */
  async #lateOutcomes(
    queue: Queue,
    receipts: readonly Receipt[],
    nowMs: number,
  ): Promise<ReadonlyMap<Receipt, Outcome>> {
    const outcomes = new Map<Receipt, Outcome>();
    const late = receipts.filter(({ inFlightUntilMs }) => inFlightUntilMs <= nowMs);
    if (late.length === 0) return outcomes;
    const rows = await this.#rowsOf(queue, late);
    for (const [index, receipt] of late.entries()) {
      // Its time may have been extended since it was received.
      if (rows === undefined) outcomes.set(receipt, 'failed');
      else if ((rows[index]?.visibleAtMs ?? 0) <= nowMs) outcomes.set(receipt, 'not-in-flight');
    }
    return outcomes;
  }

  /**
   * A record that Kafka's lock holds gets a row under the same receipt, then it is accepted in
   * Kafka. If an acknowledgement came between the two, the row goes again.
   */
  async #extendHeld(
    queue: Queue,
    receipts: readonly Receipt[],
    timeOf: (receipt: Receipt) => number,
  ) {
    const outcomes = new Map<Receipt, Outcome>();
    const nowMs = this.#parts.clock.nowMs();
    const inFlight = receipts.filter(({ inFlightUntilMs }) => inFlightUntilMs > nowMs);
    for (const receipt of receipts) outcomes.set(receipt, 'not-in-flight');
    if (inFlight.length === 0) return outcomes;
    try {
      await this.#markExtends(queue);
      const rows = inFlight.map((receipt) =>
        rowOfReceipt(receipt, { visibleAtMs: nowMs + timeOf(receipt) }),
      );
      const added = await this.#parts.rows.add(queue.id, rows);
      const extended = inFlight.filter((_receipt, index) => added[index] === true);
      const done = await this.#acceptExtended(queue, extended);
      for (const receipt of extended) outcomes.set(receipt, done.get(receipt) ?? 'failed');
    } catch (error) {
      if (!isGatewayError(error)) throw error;
      for (const receipt of inFlight) outcomes.set(receipt, 'failed');
    }
    return outcomes;
  }

  async #acceptExtended(queue: Queue, receipts: readonly Receipt[]) {
    const starts = await this.#parts.shares.positions(shareGroupOf(queue));
    const isOver = (receipt: Receipt) => startIn(starts, receipt) > receipt.offset;
    const over = receipts.filter(isOver);
    const { outcomes, notHeld } = await this.#settle(
      queue,
      receipts.filter((receipt) => !isOver(receipt)),
      'accept',
    );
    const doubtBelowMs = this.#parts.clock.nowMs() + clockDoubtMs;
    // A lock that cannot have ended was given up by an acknowledgement.
    const acknowledged = notHeld.filter(({ inFlightUntilMs }) => inFlightUntilMs > doubtBelowMs);
    for (const receipt of notHeld) outcomes.set(receipt, 'done');
    for (const receipt of [...over, ...acknowledged]) outcomes.set(receipt, 'not-in-flight');
    const deletions = [...over, ...acknowledged].map((receipt) => deletionOf(receipt));
    if (deletions.length > 0) await this.#parts.rows.change(queue.id, deletions);
    return outcomes;
  }

  /** Changes the rows of receipts; a row that has changed meanwhile is not in flight. */
  async #change(
    queue: Queue,
    receipts: readonly Receipt[],
    after: (receipt: Receipt) => QueueRow,
  ): Promise<Map<Receipt, Outcome>> {
    if (receipts.length === 0) return new Map();
    const changes = receipts.map((receipt): RowChange => {
      return { ...deletionOf(receipt), after: after(receipt) };
    });
    try {
      const made = await this.#parts.rows.change(queue.id, changes);
      return new Map(
        receipts.map((receipt, index): [Receipt, Outcome] => {
          return [receipt, made[index] === true ? 'done' : 'not-in-flight'];
        }),
      );
    } catch (error) {
      if (!isGatewayError(error)) throw error;
      return new Map(receipts.map((receipt): [Receipt, Outcome] => [receipt, 'failed']));
    }
  }

  /** Settles in Kafka, member by member. */
  async #settle(queue: Queue, receipts: readonly Receipt[], verdict: Settlement['verdict']) {
    const outcomes = new Map<Receipt, Outcome>();
    const notHeld: Receipt[] = [];
    const byMember = new Map<string, Receipt[]>();
    for (const receipt of receipts) {
      const own = byMember.get(receipt.key);
      if (own === undefined) byMember.set(receipt.key, [receipt]);
      else own.push(receipt);
    }
    const group = shareGroupOf(queue);
    const settleOne = async ([member, own]: [string, Receipt[]]): Promise<void> => {
      const settlements = own.map(({ shard, offset }) => ({ partition: shard, offset, verdict }));
      try {
        const results = await this.#parts.shares.settle(group, member, settlements);
        for (const [index, receipt] of own.entries()) {
          if (results[index] === 'settled') outcomes.set(receipt, 'done');
          else notHeld.push(receipt);
        }
      } catch (error) {
        if (!(error instanceof GatewayError)) throw error;
        for (const receipt of own) outcomes.set(receipt, 'failed');
      }
    };
    await Promise.all([...byMember].map(settleOne));
    return { outcomes, notHeld };
  }
}

function startIn(
  starts: ReadonlyMap<number, { readonly startOffset: Offset }>,
  { shard }: Receipt,
): bigint {
  return starts.get(shard)?.startOffset ?? 0n;
}

/** The state of an acknowledged record. Its row is deleted later; see Redeliveries.sweep. */
function doneRow(receipt: Receipt, nowMs: number): QueueRow {
  return rowOfReceipt(receipt, { state: 'done', visibleAtMs: nowMs });
}

function deletionOf(receipt: Receipt): RowChange {
  const { shard, offset, key, kind } = receipt;
  return { before: { shard, offset, receipt: key, state: kind === 'dead' ? 'dead' : 'live' } };
}
