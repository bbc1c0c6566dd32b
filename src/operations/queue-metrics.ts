/**
 * Metrics of queues, under AWS's names. Source: "Monitor a queue", Kinesis Data Streams developer
 * guide (https://docs.aws.amazon.com/streams/latest/dev/queues-monitoring.html).
 */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { ObservedQueue, QueueObserver } from '../ports/observer.ts';
import type { QueueReporting, QueueSummary } from '../ports/queue-reports.ts';
import { LockedRecords } from './locked-records.ts';
import { SeldomRead } from './seldom-read.ts';

/** The most queues with their own series. */
const queuesShownMax = 200;
/** A queue without calls for this long gives its series to another one. */
const hourMs = 3_600_000;
/** The series of all queues beyond those; no queue has this id, since ids end with a suffix. */
const others: ObservedQueue = { id: 'other', name: 'other' };

const labelNames = ['queue', 'name'] as const;

type QueueCounts = {
  readonly queue: ObservedQueue;
  received: number;
  acknowledged: number;
  empty: number;
  usedAtMs: number;
  readonly locked: LockedRecords;
};

/** As for other frequent requests, prom-client gets the sums when metrics are collected. */
export function observeQueues(registry: Registry, idleMsMax = hourMs): QueueObserver {
  const known = new Map<string, QueueCounts>();
  const rest = countsOf(others);
  const counter = (name: string, help: string, take: (counts: QueueCounts) => number) =>
    new Counter({
      ...{ name, help, labelNames, registers: [registry] },
      collect() {
        for (const counts of known.values()) this.inc(labelsOf(counts), take(counts));
        const count = take(rest);
        if (count > 0) this.inc(labelsOf(rest), count);
      },
    });
  const counters = [
    counter(
      'kineska_received_queue_records_total',
      'Records that ReceiveQueueRecords answered.',
      (counts) => taken(counts, 'received'),
    ),
    counter(
      'kineska_acknowledged_queue_records_total',
      'Records that AcknowledgeQueueRecords acknowledged.',
      (counts) => taken(counts, 'acknowledged'),
    ),
    counter(
      'kineska_empty_receives_total',
      'Calls of ReceiveQueueRecords that answered no record.',
      (counts) => taken(counts, 'empty'),
    ),
  ];
  const locked = new Gauge({
    name: 'kineska_locked_queue_records',
    help: 'Records that this gateway gave to receivers under locks, less those it saw settled.',
    ...{ labelNames, registers: [registry] },
    collect() {
      this.reset();
      for (const counts of [...known.values(), rest]) {
        if (counts.usedAtMs > 0) this.set(labelsOf(counts), counts.locked.count(Date.now()));
      }
    },
  });
  const metrics = [...counters, locked];
  const find = (queue: ObservedQueue): QueueCounts => {
    let counts = known.get(queue.id);
    if (counts === undefined) {
      if (known.size >= queuesShownMax && !forgetIdle(known, metrics, idleMsMax)) {
        rest.usedAtMs = performance.now();
        return rest;
      }
      counts = countsOf(queue);
      known.set(queue.id, counts);
    }
    counts.usedAtMs = performance.now();
    return counts;
  };
  return {
    received(queue, receipts) {
      const counts = find(queue);
      if (receipts.length === 0) counts.empty += 1;
      counts.received += receipts.length;
      counts.locked.change(receipts, 1);
    },
    acknowledged(queue, count) {
      find(queue).acknowledged += count;
    },
    settled: (queue, receipts) => find(queue).locked.change(receipts, -1),
  };
}

/** Whether there was a queue to forget: the one that was idle for longest, if that is long. */
function forgetIdle(
  known: Map<string, QueueCounts>,
  metrics: readonly Pick<Counter<(typeof labelNames)[number]>, 'remove'>[],
  idleMsMax: number,
): boolean {
  let oldest: QueueCounts | undefined;
  for (const counts of known.values()) {
    if (oldest === undefined || counts.usedAtMs < oldest.usedAtMs) oldest = counts;
  }
  if (oldest === undefined || performance.now() - oldest.usedAtMs < idleMsMax) return false;
  known.delete(oldest.queue.id);
  for (const each of metrics) each.remove(labelsOf(oldest));
  return true;
}

function countsOf({ id, name }: ObservedQueue): QueueCounts {
  return {
    queue: { id, name },
    received: 0,
    acknowledged: 0,
    empty: 0,
    usedAtMs: 0,
    locked: new LockedRecords(),
  };
}

function labelsOf({ queue: { id, name } }: QueueCounts) {
  return { queue: id, name };
}

function taken(counts: QueueCounts, member: 'received' | 'acknowledged' | 'empty'): number {
  const count = counts[member];
  counts[member] = 0;
  return count;
}

/** AWS counts visible records up to this number. */
const visibleMax = 1_000_000;

/** What the engines have of queues, read when metrics are collected, but not too often. */
export function showQueues(registry: Registry, read: QueueReporting['list']): void {
  const registers = [registry];
  const collect = () => scrape.refresh();
  const gauge = (name: string, help: string) =>
    new Gauge({ name, help, labelNames, registers, collect });
  const visible = gauge(
    'kineska_visible_queue_records',
    'Records that can be received, and those that Kafka has locked for receivers; to 1,000,000.',
  );
  const inFlight = gauge(
    'kineska_in_flight_queue_records',
    'Records in flight that have a row; to 100,000.',
  );
  const dead = gauge(
    'kineska_visible_dead_letter_queue_records',
    'Dead letters that can be received; to 100,000.',
  );
  const set = (queues: readonly QueueSummary[]) => {
    for (const each of [visible, inFlight, dead]) each.reset();
    for (const each of queues) {
      if (each.problem !== undefined) continue;
      const labels = { queue: each.group, name: each.queue };
      visible.set(labels, Math.min(visibleMax, each.visible));
      inFlight.set(labels, each.inFlight);
      dead.set(labels, each.deadLetters);
    }
  };
  const scrape = new SeldomRead(() => read(queuesShownMax), set);
}
