/**
 * What must hold of a queue, judged by the log of its receivers' calls alone: what each call was
 * given, what it answered, and when it began and ended. It knows nothing of how queues are made.
 *
 * A call that failed may have had its effect or not, so it proves nothing; and between the
 * beginning and the end of a call its effect may have come at any time.
 */
import assert from 'node:assert/strict';

export type ReceivedLine = {
  readonly op: 'receive_queue_records' | 'receive_dead_letter_queue_records';
  readonly start: number;
  readonly end: number;
  /** Seconds; null for the queue's own. */
  readonly visibility: number | null;
  readonly records?: readonly {
    readonly handle: string;
    readonly id: string;
    readonly value: string;
    readonly count: number;
    readonly first: number;
  }[];
};
export type SettledLine = {
  readonly op: string;
  readonly start: number;
  readonly end: number;
  readonly handles: readonly string[];
  readonly visibility: readonly (number | null)[];
  readonly done?: readonly string[];
  readonly failed?: Readonly<Record<string, string>>;
};
export type QueueLine = ReceivedLine | SettledLine;

/** One receipt of one record, and all that was done with it. */
export type ReceivedOnce = {
  readonly handle: string;
  readonly value: string;
  readonly id: string;
  readonly count: number;
  readonly first: number;
  readonly start: number;
  readonly end: number;
  /** No other receiver may have the record before this time, unless it was given back. */
  hiddenUntilMs: number;
  /** The earliest time at which the receiver may have given the record back. */
  releasedFromMs: number;
  /** When a successful acknowledgement ended; Infinity if there was none. */
  acknowledgedByMs: number;
  /** Whether a call with this handle failed as a whole, so that its effect is not known. */
  isDoubtful: boolean;
};

export type QueueRules = {
  /** The queue's own visibility timeout. */
  readonly visibilitySeconds: number;
  readonly receivesMax: number;
  /** How much the clocks of the engines and of the receivers may differ. */
  readonly clockMs: number;
};

/** The receipts of every record, in the order of their counts. */
export function historiesOf(
  lines: readonly QueueLine[],
  { visibilitySeconds }: Pick<QueueRules, 'visibilitySeconds'>,
): ReadonlyMap<string, readonly ReceivedOnce[]> {
  const byHandle = new Map<string, ReceivedOnce>();
  const byId = new Map<string, ReceivedOnce[]>();
  for (const line of lines) {
    if (!isReceived(line)) continue;
    const seconds = line.visibility ?? visibilitySeconds;
    for (const { handle, id, value, count, first } of line.records ?? []) {
      assert.ok(!byHandle.has(handle), `receipt handle ${handle} was issued twice`);
      const once: ReceivedOnce = {
        ...{ handle, id, value, count, first, start: line.start, end: line.end },
        // A first receipt says when it was; a later one came at some time during the call.
        hiddenUntilMs: (count === 1 ? Math.max(first, line.start) : line.start) + seconds * 1000,
        releasedFromMs: Infinity,
        acknowledgedByMs: Infinity,
        isDoubtful: false,
      };
      byHandle.set(handle, once);
      const own = byId.get(id);
      if (own === undefined) byId.set(id, [once]);
      else own.push(once);
    }
  }
  for (const line of lines) if (!isReceived(line)) settle(line, byHandle);
  for (const own of byId.values()) {
    // An answer may be late: the counts tell the order.
    own.sort((one, other) => one.count - other.count || one.end - other.end);
  }
  return byId;
}

function isReceived(line: QueueLine): line is ReceivedLine {
  return line.op.startsWith('receive');
}

function settle(line: SettledLine, byHandle: ReadonlyMap<string, ReceivedOnce>): void {
  const done = new Set(line.done ?? []);
  for (const [index, handle] of line.handles.entries()) {
    const once = byHandle.get(handle);
    assert.ok(once !== undefined, `a handle that no call answered: ${handle}`);
    if (line.done === undefined) {
      once.isDoubtful = true;
      once.releasedFromMs = Math.min(once.releasedFromMs, line.start);
    }
    if (!done.has(handle)) continue;
    if (line.op.startsWith('acknowledge')) {
      once.acknowledgedByMs = Math.min(once.acknowledgedByMs, line.end);
    } else if (line.visibility[index] === 0) {
      once.releasedFromMs = Math.min(once.releasedFromMs, line.start);
    } else {
      // It replaces what the record was received with, and may shorten it.
      once.hiddenUntilMs = line.start + Number(line.visibility[index]) * 1000;
    }
  }
}

export type Violation = { readonly what: string; readonly value: string; readonly detail: string };

/** Receipts of one record while another receiver had it, or after it was acknowledged. */
export function violationsIn(
  histories: ReadonlyMap<string, readonly ReceivedOnce[]>,
  { receivesMax, clockMs }: QueueRules,
): readonly Violation[] {
  const found: Violation[] = [];
  for (const [id, receipts] of histories) {
    for (const [index, later] of receipts.entries()) {
      const note = (what: string, detail: object) =>
        void found.push({ what, value: later.value, detail: JSON.stringify({ id, ...detail }) });
      if (later.count > receivesMax) note('received too often', later);
      const earlier = receipts[index - 1];
      if (earlier === undefined) continue;
      if (earlier.value !== later.value) note('another value under one id', { earlier, later });
      if (later.count <= earlier.count) note('not counted', { earlier, later });
      const freeFromMs = Math.min(earlier.hiddenUntilMs, earlier.releasedFromMs) - clockMs;
      if (later.end < freeFromMs) note('received while in flight', { earlier, later });
      if (later.start > earlier.acknowledgedByMs) {
        note('received after it was acknowledged', { earlier, later });
      }
    }
  }
  return found;
}

/** How a record ended, by the log. */
export type End = 'acknowledged' | 'perhaps acknowledged' | 'open';

export function endOf(receipts: readonly ReceivedOnce[]): End {
  if (receipts.some(({ acknowledgedByMs }) => acknowledgedByMs < Infinity)) return 'acknowledged';
  return receipts.some(({ isDoubtful }) => isDoubtful) ? 'perhaps acknowledged' : 'open';
}

/**
 * Every record was received; those that nobody acknowledged are dead letters, and no others are.
 */
export function assertEnds(
  values: readonly string[],
  histories: ReadonlyMap<string, readonly ReceivedOnce[]>,
  dead: ReadonlySet<string>,
): void {
  const byValue = new Map<string, readonly ReceivedOnce[]>();
  for (const receipts of histories.values()) byValue.set(receipts[0]!.value, receipts);
  const never = values.filter((value) => !byValue.has(value));
  assert.deepEqual(never, [], 'records that no receiver got');
  const ends = values.map((value) => ({ value, end: endOf(byValue.get(value) ?? []) }));
  const lost = ends.filter(({ value, end }) => end === 'open' && !dead.has(value));
  assert.deepEqual(lost, [], 'records that are neither acknowledged nor dead');
  const wrong = ends.filter(({ value, end }) => end === 'acknowledged' && dead.has(value));
  assert.deepEqual(wrong, [], 'records that were acknowledged and are dead all the same');
}
