/** A Kinesis door over the real log and catalog, with one stream of its own. */
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import { Cluster } from '../../../adapters/kafka/cluster.ts';
import { KafkaRecordLog } from '../../../adapters/kafka/record-log.ts';
import { toOffset } from '../../../src/domain/streams/stream.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import type { AppendRecord, RecordLog } from '../../../src/ports/record-log.ts';
import type { StreamCatalog } from '../../../src/ports/stream-catalog.ts';
import type { StreamDirectory } from '../../../src/streams/directory.ts';
import { Reshardings } from '../../../src/streams/resharding.ts';
import { type SubscriptionTimes, Subscriptions } from '../../../src/streams/subscriptions.ts';
import { actions } from '../../../src/aws/kinesis/actions/index.ts';
import type { KinesisSettings } from '../../../src/aws/kinesis/service.ts';
import { StreamWriter } from '../../../src/streams/writer.ts';
import { sharedEngines } from '../../support/engines.ts';
import { openCatalogs } from './directory.ts';
import { account, call, startDoor } from './door.ts';

export type Body = Record<string, unknown>;

export type DataDoor = {
  readonly name: string;
  readonly arn: string;
  readonly port: number;
  readonly streams: StreamDirectory;
  /** The catalog, past the directory. */
  readonly rows: StreamCatalog;
  readonly log: RecordLog;
  readonly reshardings: Reshardings;
  /** The clock of the gateway is so far ahead. */
  aheadMs: number;
  /** Its clock stands still at this time, and goes with `aheadMs` only. */
  stoppedAtMs?: number;
  ask(action: string, body: Body): Promise<Body>;
  /** Puts records as a Kafka client would. */
  append(shard: number, ...records: AppendRecord[]): Promise<void>;
  /** An iterator of the stream; TRIM_HORIZON of shard 0 where nothing else is said. */
  iterator(more?: Body): Promise<string>;
  read(iterator: string, more?: Body): Promise<Answer>;
};

export type Shown = {
  readonly SequenceNumber: string;
  readonly ApproximateArrivalTimestamp?: number;
  readonly Data: string;
  readonly PartitionKey: string;
};
export type Answer = {
  readonly Records: readonly Shown[];
  readonly NextShardIterator?: string;
  readonly MillisBehindLatest: number;
  readonly ChildShards?: readonly Body[];
};

const { kafkaBootstrap } = await sharedEngines();

export async function dataDoor(
  t: TestContext,
  shardCount = 1,
  times: Partial<SubscriptionTimes> = {},
  settingsOf: (clock: Clock) => Partial<KinesisSettings> = () => ({}),
): Promise<DataDoor> {
  const { streams, queues, accounts, catalog, administration, claims } = await openCatalogs(
    t,
    (stream) => reshardings.notice(stream),
  );
  const [host = '', kafkaPort] = kafkaBootstrap.split(':');
  const bootstrap = [{ host, port: Number(kafkaPort) }];
  const cluster = new Cluster({ bootstrap, clientId: 'test' });
  const log = new KafkaRecordLog(cluster);
  const clock = { nowMs: () => (door.stoppedAtMs ?? Date.now()) + door.aheadMs };
  const subscriptions = new Subscriptions(log, clock, claims, times);
  const onProblem = (): void => {};
  const reshardings: Reshardings = new Reshardings({
    streams,
    administration,
    log,
    clock,
    onProblem,
  });
  const { port } = await startDoor(t, actions, {
    streams,
    queues,
    accounts,
    reshardings,
    log,
    clock,
    writer: new StreamWriter(streams, log),
    subscriptions,
    ...settingsOf(clock),
  });
  const name = `data-${randomUUID()}`;
  const door: DataDoor = {
    name,
    arn: `arn:aws:kinesis:us-east-1:${account}:stream/${name}`,
    port,
    streams,
    rows: catalog,
    log,
    reshardings,
    aheadMs: 0,
    ask: async (action, body) => (await call(port, action, body)).body as Body,
    async append(shard, ...records) {
      await log.append({ log: name, partition: shard }, records);
    },
    async iterator(more = {}) {
      const type = { ShardId: 'shardId-000000000000', ShardIteratorType: 'TRIM_HORIZON' };
      const answer = await door.ask('GetShardIterator', { StreamName: name, ...type, ...more });
      return answer['ShardIterator'] as string;
    },
    async read(iterator, more = {}) {
      return (await door.ask('GetRecords', { ShardIterator: iterator, ...more })) as Answer;
    },
  };
  await streams.create({ name, shardCount, mode: 'PROVISIONED' });
  t.after(async () => {
    await reshardings.stop();
    await streams.delete(name).catch(() => {});
    cluster.close();
  });
  return door;
}

export function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

export function textsOf(records: readonly Shown[]): string[] {
  return records.map(({ Data }) => Buffer.from(Data, 'base64').toString());
}

export function invalidArgument(message: string): Body {
  return { __type: 'InvalidArgumentException', message };
}

export function shardMissing(shardId: string, stream: string): Body {
  return {
    __type: 'ResourceNotFoundException',
    message: `Shard ${shardId} in stream ${stream} under account ${account} does not exist`,
  };
}

/** As a split leaves it. */
export async function closeFirstShard(door: DataDoor, end: bigint): Promise<void> {
  await door.streams.change(door.name, (stream) => {
    const [first] = stream.shards;
    if (first === undefined) throw new Error('no shard');
    const middle = first.endingHashKey / 2n;
    const child = {
      parentIndex: 0,
      createdAtSeconds: first.createdAtSeconds + 1,
      startingHashKey: first.startingHashKey,
      endingHashKey: first.endingHashKey,
    };
    const shards = [
      { ...first, closed: { endOffset: toOffset(end), closedAtMs: Date.now() } },
      { ...child, index: 1, endingHashKey: middle as typeof child.endingHashKey },
      { ...child, index: 2, startingHashKey: (middle + 1n) as typeof child.startingHashKey },
    ];
    return { ...stream, shards };
  });
}
