/**
 * Commits of single partitions, so many a second, straight to Kafka and through the gateway, and
 * how many writes to the lease table they cost. `node --import tsx test/bench/commits.ts`, with
 * TEST_GATEWAY, TEST_KAFKA_BOOTSTRAP (`host:port`), TEST_OPERATIONS (URL) and a TOPIC that is
 * there.
 */
import { Cluster } from '../../adapters/kafka/cluster.ts';
import { commitTo } from '../groups/doors.ts';

const perSecond = Number(process.env['COMMITS_PER_SECOND'] ?? 1_000);
const seconds = Number(process.env['SECONDS'] ?? 10);
const connections = 10;
const partitions = Number(process.env['PARTITIONS'] ?? 10);
const tickMs = 10;

function environment(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

async function tableWrites(): Promise<number> {
  const text = await (await fetch(`${environment('TEST_OPERATIONS')}/metrics`)).text();
  const line =
    /kineska_backing_duration_seconds_count\{engine="dynamodb",operation="UpdateItem"\} (\d+)/;
  return Number(line.exec(text)?.[1] ?? 0);
}

/** Latencies in milliseconds, sorted. */
async function measure(bootstrap: string, groupId: string): Promise<readonly number[]> {
  const topic = environment('TOPIC');
  const [host = '', port = ''] = bootstrap.split(':');
  const clusters = Array.from(
    { length: connections },
    () => new Cluster({ bootstrap: [{ host, port: Number(port) }], clientId: 'bench' }),
  );
  const commit = (number: number) =>
    commitTo(clusters[number % connections]!, {
      groupId,
      topic,
      partition: number % partitions,
      offset: number,
    });
  for (let number = 1; number <= connections; number += 1) await commit(number);
  const latencies: number[] = [];
  const running: Promise<void>[] = [];
  const total = perSecond * seconds;
  const startedAt = performance.now();
  for (let sent = 0; sent < total;) {
    const due = Math.min(total, Math.floor(((performance.now() - startedAt) / 1000) * perSecond));
    for (; sent < due; sent += 1) {
      const sentAt = performance.now();
      running.push(
        commit(sent + connections + 1).then((code) => {
          if (code !== 0) throw new Error(`commit answered ${code}`);
          latencies.push(performance.now() - sentAt);
        }),
      );
    }
    await new Promise((resolve) => setTimeout(resolve, tickMs));
  }
  await Promise.all(running);
  for (const cluster of clusters) cluster.close();
  return latencies.toSorted((one, other) => one - other);
}

const at = (sorted: readonly number[], share: number) =>
  (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(1);
const told = (name: string, sorted: readonly number[]) =>
  `${name}: ${sorted.length} commits, p50 ${at(sorted, 0.5)} ms, p99 ${at(sorted, 0.99)} ms`;

const direct = await measure(environment('TEST_KAFKA_BOOTSTRAP'), `bench-direct-${Date.now()}`);
process.stdout.write(`${told('straight to Kafka', direct)}\n`);
const before = await tableWrites();
const through = await measure(environment('TEST_GATEWAY'), `bench-gateway-${Date.now()}`);
const writes = (await tableWrites()) - before;
process.stdout.write(`${told('through the gateway', through)}, ${writes} table writes\n`);
