/** The Kafka door: the parts that handle requests, and the server in front of them. */
import { allowEverything } from '../access/authorizer.ts';
import type { KinesisLimits } from '../aws/kinesis/limits/kinesis-limits.ts';
import type { Config } from '../config/settings.ts';
import type { GroupOffsets } from '../groups/group-offsets.ts';
import { TransactionOffsets } from '../groups/transaction-offsets.ts';
import type { ForwardBatch, ForwardedBatch } from '../kafka/produce/forwarded-batch.ts';
import { ProduceGate } from '../kafka/produce/gate.ts';
import { endingLimits } from '../kafka/relay/connection-end.ts';
import { ShardThrottling } from '../kafka/rules/shard-throttling.ts';
import type { StreamRulesView } from '../kafka/rules/stream-rules.ts';
import { TopicNames } from '../kafka/rules/topic-names.ts';
import { frameBytesMax, KafkaDoor, type KafkaDoorTls } from '../kafka/server.ts';
import type { DoorObserver } from '../ports/observer.ts';
import type { Certificate } from '../runtime/certificate.ts';
import type { StreamWriter } from '../streams/writer.ts';
import type { Backing } from './backing.ts';
import { kafkaFlags, readCertificate } from './certificate.ts';
import type { GatewayProcess, WorkerRole } from './process.ts';
import { callWorkers } from './workers/pool.ts';

export type KafkaDoorParts = {
  readonly streams: StreamRulesView;
  readonly writer: StreamWriter;
  readonly groups: GroupOffsets;
  readonly limits: Pick<KinesisLimits, 'shards' | 'observer'>;
  /** Of the Kinesis port. */
  readonly certificate: Certificate;
  readonly observer: DoorObserver;
};

export async function kafkaDoorOf(
  { config, worker, logger }: GatewayProcess,
  { brokers, log, producers }: Backing,
  { streams, writer, groups, limits, certificate, observer }: KafkaDoorParts,
): Promise<KafkaDoor> {
  const topicNames = new TopicNames();
  const forward = forwardOf(worker, (batch) => produce.placeForwarded(batch));
  const produce: ProduceGate = new ProduceGate({
    ...{ streams, writer, producers, log, forward, topicNames },
  });
  const throttling =
    limits.shards &&
    new ShardThrottling({ shards: limits.shards, observer: limits.observer, streams, topicNames });
  return new KafkaDoor({
    host: config.host,
    port: config.kafkaPort,
    brokerIds: config.kafkaBrokerIds,
    lowestBrokerId: worker?.lowestBrokerId,
    advertisedHost: config.advertisedHost,
    advertisedPort: config.kafkaAdvertisedPort,
    tls: await tlsOf(config, certificate),
    acks: config.kafkaAcks,
    backing: brokers,
    ...{ streams, groups, topicNames, produce, throttling, observer, logger, frameBytesMax },
    transactions: new TransactionOffsets(),
    authorizer: allowEverything,
    ending: endingLimits,
  });
}

async function tlsOf(config: Config, ofKinesis: Certificate): Promise<KafkaDoorTls | undefined> {
  const { kafkaTls, kafkaTlsCert: cert, kafkaTlsKey: key, kafkaTlsBrokerHost } = config;
  if (!kafkaTls) return undefined;
  if (cert === '') return ofKinesis;
  const brokerHost = kafkaTlsBrokerHost === '' ? undefined : kafkaTlsBrokerHost;
  const read = await readCertificate({ cert, key }, kafkaFlags);
  return { ...read, brokerHost };
}

/** One of several workers places the batches of a producer, whichever worker it is connected to. */
function forwardOf(
  worker: WorkerRole | undefined,
  place: (batch: ForwardedBatch) => Promise<number>,
): ForwardBatch | undefined {
  if (worker === undefined) return undefined;
  const { slot, slots } = worker;
  const ask = callWorkers(slot, place);
  return (producerId) => {
    const owner = Number(producerId % BigInt(slots));
    return owner === slot ? undefined : (batch) => ask(owner, batch);
  };
}
