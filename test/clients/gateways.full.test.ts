/**
 * Two gateways before one cluster: clients spread over both continue with the other when one dies.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { sharedEngines } from '../support/engines.ts';
import { startGateway } from '../support/gateway.ts';
import { createStream, kafkaClient } from '../support/doors.ts';
import {
  kafkajsLoad,
  kinesisLoad,
  type Load,
  lostOf,
  untilAllGoOn,
  valuesOf,
  verifiableProducer,
} from '../support/loads/loads.ts';

const timeout = 200_000;
const partitions = 4;

await sharedEngines();

/** A group that reads all the time; it shows what it has seen as a load shows what it wrote. */
async function readingGroup(
  t: TestContext,
  brokers: readonly string[],
  topic: string,
): Promise<Load> {
  const acknowledged = new Set<string>();
  const consumer = kafkaClient(brokers).consumer({ groupId: `readers-${topic}` });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  let read = 0;
  await consumer.run({
    eachMessage: async () => {
      acknowledged.add(String(read++));
    },
  });
  const stop = () => consumer.disconnect();
  t.after(stop);
  return { name: 'group', acknowledged, failed: [], stop };
}

test(
  'a gateway is killed: its clients continue with the other, no record is lost',
  { timeout },
  async (t) => {
    const settings = { KINESKA_LIMITS: 'off' };
    const [one, two] = [await startGateway(t, { settings }), await startGateway(t, { settings })];
    const stream = await createStream(one.kinesis, partitions);
    const kafkas = [one.kafka, two.kafka];
    const loads = [
      await kafkajsLoad(kafkas, stream, partitions),
      await kafkajsLoad(kafkas.toReversed(), stream, partitions),
      await verifiableProducer(t, one.kafka, stream, { 'bootstrap.servers': kafkas.join(',') }),
      await verifiableProducer(t, two.kafka, stream, { 'bootstrap.servers': kafkas.join(',') }),
      kinesisLoad([one.kinesis, two.kinesis], stream),
      kinesisLoad([two.kinesis, one.kinesis], stream),
      await readingGroup(t, kafkas, stream),
    ];
    await untilAllGoOn(loads);
    for (const [name, gateway] of Object.entries({ first: one, second: two })) {
      await gateway.kill9();
      t.diagnostic(`the ${name} was killed; went on after: ${await untilAllGoOn(loads)}`);
      await gateway.again();
    }
    for (const load of loads) await load.stop();
    for (const { name, acknowledged, failed } of loads) {
      t.diagnostic(`${name}: ${acknowledged.size}, ${failed.length} given up`);
    }
    const writers = loads.slice(0, -1);
    assert.deepEqual(lostOf(writers, await valuesOf(two.kinesis, stream)), []);
  },
);
