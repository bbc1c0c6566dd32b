/**
 * The gateway's Prometheus metrics. All other code reports to the small observers created here and
 * does not use prom-client.
 *
 * The series of an action or API are looked up once and kept, so a request only costs additions.
 */
import { type EventEmitter, once } from 'node:events';
import {
  AggregatorRegistry,
  collectDefaultMetrics,
  Counter,
  type CounterConfiguration,
  Gauge,
  Histogram,
  Registry,
} from 'prom-client';
import type {
  BackingObserver,
  Door,
  DoorObserver,
  LimitObserver,
  QueueObserver,
} from '../ports/observer.ts';
import type { GroupReporting, GroupSummary } from '../ports/group-reports.ts';
import type { QueueReporting } from '../ports/queue-reports.ts';
import { observeQueues, showQueues } from './queue-metrics.ts';
import { SeldomRead } from './seldom-read.ts';

/** Seconds; fine-grained below 10 ms, the range of the gateway's own work. */
const latencyBuckets = [
  0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
];

export type Metrics = {
  readonly registry: Registry;
  door(door: Door): DoorObserver;
  readonly backing: BackingObserver;
  readonly limits: LimitObserver;
  readonly queues: QueueObserver;
  /** Adds metrics of groups; `read` is called when metrics are collected, but not too often. */
  groups(read: GroupReporting['list']): void;
  /** As groups: metrics of queues that are read from the engines. */
  queueReports(read: QueueReporting['list']): void;
};

/** The most groups with their own series: the first ones by name. */
const groupsShownMax = 200;
/** Attempts to collect from all workers; each worker that ends or starts may cost one. */
const sumAttemptsMax = 4;

export function createMetrics(version: string): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'kineska_' });
  new Gauge({
    name: 'kineska_build_info',
    help: 'Always 1; the label tells the version.',
    labelNames: ['version'],
    aggregator: 'first',
    registers: [registry],
  }).set({ version }, 1);
  const series = doorSeries(registry);
  return {
    registry,
    door: (door) => observeDoor(series, door),
    backing: observeBacking(registry),
    limits: observeLimits(registry),
    queues: observeQueues(registry),
    groups: (read) => showGroups(registry, read),
    queueReports: (read) => showQueues(registry, read),
  };
}

/**
 * Lets the first process aggregate this process's metrics. A worker that is starting reports that
 * it has none yet: otherwise a scrape would wait for it.
 */
export function shareMetrics(metrics?: Pick<Metrics, 'registry'>): void {
  AggregatorRegistry.setRegistries(metrics === undefined ? [] : [metrics.registry]);
  // Created only for its listener.
  void new AggregatorRegistry();
}

export type SharedMetrics = Pick<Metrics, 'groups' | 'queueReports'> & {
  readonly registry: Pick<Registry, 'metrics' | 'contentType'>;
};

/** For the first process: the sums over its workers, and metrics that exist once. */
export function createSharedMetrics(workers: {
  readyCount(): number;
  restarts(): number;
  readonly changes: EventEmitter;
}): SharedMetrics {
  const own = new Registry();
  const all = new AggregatorRegistry();
  const registers = [own];
  const ready = new Gauge({ name: 'kineska_workers', help: 'Workers that are ready.', registers });
  const restarts = new Gauge({
    name: 'kineska_worker_restarts',
    help: 'Workers that ended and were started again.',
    registers,
  });
  return {
    registry: {
      contentType: own.contentType,
      async metrics() {
        ready.set(workers.readyCount());
        restarts.set(workers.restarts());
        return `${await sumOf(all, workers.changes)}\n${await own.metrics()}`;
      },
    },
    groups: (read) => showGroups(own, read),
    queueReports: (read) => showQueues(own, read),
  };
}

/** A worker that is ending or starting does not respond; then all are asked again. */
async function sumOf(
  all: { clusterMetrics(): Promise<string> },
  changes: EventEmitter,
): Promise<string> {
  for (let attempt = 1; attempt < sumAttemptsMax; attempt++) {
    const answered = new AbortController();
    const changed = once(changes, 'change', answered).then(() => undefined);
    const sum = await Promise.race([all.clusterMetrics(), changed]).catch(() => undefined);
    answered.abort();
    if (sum !== undefined) return sum;
  }
  return all.clusterMetrics();
}

type DoorSeries = ReturnType<typeof doorSeries>;

/**
 * An addition in prom-client allocates half a kilobyte, so it only gets the sum when metrics are
 * collected.
 */
class Sum {
  readonly #series: { inc(count: number): void };
  #count = 0;

  constructor(series: { inc(count: number): void }) {
    this.#series = series;
  }

  add(count: number): void {
    this.#count += count;
  }

  handOver(): void {
    this.#series.inc(this.#count);
    this.#count = 0;
  }
}

/** A counter for frequent requests. */
function summedCounter<L extends string>(configuration: CounterConfiguration<L>) {
  const sums: Sum[] = [];
  const collect = () => {
    for (const sum of sums) sum.handOver();
  };
  const counter = new Counter({ ...configuration, collect });
  return (...labels: string[]): Sum => {
    const sum = new Sum(counter.labels(...labels));
    sums.push(sum);
    return sum;
  };
}

function doorSeries(registry: Registry) {
  const registers = [registry];
  const perOperation = ['door', 'service', 'operation'] as const;
  return {
    duration: new Histogram({
      name: 'kineska_request_duration_seconds',
      help: 'From a request read to its response written, for each action and API.',
      labelNames: perOperation,
      buckets: latencyBuckets,
      registers,
    }),
    errors: new Counter({
      name: 'kineska_request_errors_total',
      help: 'Requests answered with an error, by its name.',
      labelNames: [...perOperation, 'error'] as const,
      registers,
    }),
    bytesIn: summedCounter({
      name: 'kineska_request_bytes_total',
      help: 'Bytes of requests received.',
      labelNames: perOperation,
      registers,
    }),
    bytesOut: summedCounter({
      name: 'kineska_response_bytes_total',
      help: 'Bytes of responses sent.',
      labelNames: perOperation,
      registers,
    }),
    records: summedCounter({
      name: 'kineska_records_total',
      help: 'Records put or read.',
      labelNames: perOperation,
      registers,
    }),
    connections: new Gauge({
      name: 'kineska_connections',
      help: 'Client connections now open.',
      labelNames: ['door'] as const,
      registers,
    }),
    refused: new Counter({
      name: 'kineska_refused_total',
      help: 'What clients sent that was no request, by reason.',
      labelNames: ['door', 'reason'] as const,
      registers,
    }),
  };
}

/** The series of one operation, looked up once. */
type OperationSeries = {
  readonly duration: { observe(seconds: number): void };
  readonly bytesIn: Sum;
  readonly bytesOut: Sum;
  readonly records: Sum;
};

function observeDoor(series: DoorSeries, door: Door): DoorObserver {
  // A nested map, so that no key is built for each request.
  const byService = new Map<string, Map<string, OperationSeries>>();
  const find = (service: string, operation: string): OperationSeries => {
    let byOperation = byService.get(service);
    if (byOperation === undefined) {
      byOperation = new Map();
      byService.set(service, byOperation);
    }
    let found = byOperation.get(operation);
    if (found === undefined) {
      found = {
        duration: series.duration.labels(door, service, operation),
        bytesIn: series.bytesIn(door, service, operation),
        bytesOut: series.bytesOut(door, service, operation),
        records: series.records(door, service, operation),
      };
      byOperation.set(operation, found);
    }
    return found;
  };
  const connections = series.connections.labels(door);
  return {
    request({ service = door, operation, durationMs, error, bytesIn, bytesOut, records }) {
      const found = find(service, operation);
      found.duration.observe(durationMs / 1000);
      found.bytesIn.add(bytesIn);
      found.bytesOut.add(bytesOut);
      if (records !== undefined) found.records.add(records);
      if (error !== undefined) series.errors.labels(door, service, operation, error).inc();
    },
    connectionOpened: () => connections.inc(),
    connectionClosed: () => connections.dec(),
    refused: (reason) => series.refused.labels(door, reason).inc(),
  };
}

function showGroups(registry: Registry, read: GroupReporting['list']): void {
  const registers = [registry];
  const labelNames = ['group'] as const;
  const collect = () => scrape.refresh();
  const lagRecords = new Gauge({
    name: 'kineska_group_lag_records',
    help: 'Records that a group has not read yet.',
    labelNames,
    registers,
    collect,
  });
  const lagSeconds = new Gauge({
    name: 'kineska_group_lag_seconds',
    help: 'Age of the oldest record that a group has not read yet.',
    labelNames,
    registers,
    collect,
  });
  const shards = new Gauge({
    name: 'kineska_group_shards',
    help: 'Shards of a group, by the side that works on them: kcl, kafka or none.',
    labelNames: ['group', 'side'] as const,
    registers,
    collect,
  });
  const set = (groups: readonly GroupSummary[]) => {
    for (const gauge of [lagRecords, lagSeconds, shards]) gauge.reset();
    for (const each of groups) {
      const { group, ownedByKcl, ownedByKafka, problem } = each;
      if (problem !== undefined) continue;
      lagRecords.set({ group }, each.lagRecords);
      lagSeconds.set({ group }, each.lagMs / 1000);
      shards.set({ group, side: 'kcl' }, ownedByKcl);
      shards.set({ group, side: 'kafka' }, ownedByKafka);
      shards.set({ group, side: 'none' }, each.shards - ownedByKcl - ownedByKafka);
    }
  };
  const scrape = new SeldomRead(() => read(groupsShownMax), set);
}

function observeLimits(registry: Registry): LimitObserver {
  const registers = [registry];
  const throttled = new Counter({
    name: 'kineska_throttled_total',
    help: 'Calls, or records of PutRecords, over a rate; by the kind of stream, or the account.',
    labelNames: ['service', 'operation', 'owner'] as const,
    registers,
  });
  const injected = new Counter({
    name: 'kineska_injected_faults_total',
    help: 'Errors on purpose: calls, or records of PutRecords.',
    labelNames: ['service', 'operation', 'error'] as const,
    registers,
  });
  return {
    throttled: (service, operation, owner, count) =>
      throttled.labels(service, operation, owner).inc(count),
    injected: (service, operation, error, count) =>
      injected.labels(service, operation, error).inc(count),
  };
}

function observeBacking(registry: Registry): BackingObserver {
  const labelNames = ['engine', 'operation'] as const;
  const duration = new Histogram({
    name: 'kineska_backing_duration_seconds',
    help: 'Calls to the engines behind the gateway.',
    labelNames,
    buckets: latencyBuckets,
    registers: [registry],
  });
  const errors = new Counter({
    name: 'kineska_backing_errors_total',
    help: 'Calls to the engines behind the gateway that failed.',
    labelNames,
    registers: [registry],
  });
  return {
    call(engine, operation, durationMs, failed) {
      duration.labels(engine, operation).observe(durationMs / 1000);
      if (failed) errors.labels(engine, operation).inc();
    },
  };
}
