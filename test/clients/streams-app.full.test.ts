/** A Kafka Streams application, exactly-once v2, in both protocols of groups that it has. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { sharedEngines } from '../support/engines.ts';
import { startGateway } from '../support/gateway.ts';
import { installClients, javaCommandLine, kafkaProgram, kafkaTool } from '../support/install.ts';
import { type Program, startProgram } from '../support/program.ts';
import { bothWays } from '../support/both-ways.ts';
import { createStream, kafkaClient, newName } from '../support/doors.ts';
import { kafkaRecords } from '../support/checks/records.ts';

const [{ kafkaBootstrap }] = await Promise.all([sharedEngines(), installClients()]);

const timeout = 280_000;
const count = 10_000;
/** Of values, by StreamsApp. */
const groups = 7;
/** A member that was killed is missed after 45 s, the default of its session. */
const processedTimeoutMs = 120_000;

type Application = {
  readonly name: string;
  /** Starts a further instance, with a store of its own. */
  start(): Promise<Program>;
};

async function application(
  t: TestContext,
  kafka: string,
  [source, target]: readonly [string, string],
  protocol: string,
): Promise<Application> {
  const name = newName();
  const folder = await mkdtemp(join(tmpdir(), 'kineska-test-streams-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  let instances = 0;
  const start = async () => {
    const given = [kafka, name, source, target, protocol, join(folder, String(instances++))];
    return startProgram(t, await javaCommandLine('streams', given), { endsWithInput: true });
  };
  return { name, start };
}

/** Records of a topic in the log, markers of transactions among them, as the cluster tells. */
async function logged(topic: string): Promise<number> {
  const admin = kafkaClient(kafkaBootstrap).admin();
  await admin.connect();
  const offsets = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  return offsets.reduce((sum, { high }) => sum + Number(high), 0);
}

/** Waits until all is committed and the application has ended; then each count is there once. */
async function assertCountsOnce(program: Program, kafka: string, target: string): Promise<void> {
  const isDone = async () => (await logged(target)) >= count;
  await program.until('the counts', isDone, processedTimeoutMs);
  await kafkaProgram(['consume', kafka, target, String(count), 'consumer']);
  assert.equal(await program.stop(), 0, program.output());
  const counted = new Map<string, number[]>();
  const records = kafkaRecords(await kafkaProgram(['all', kafka, target]));
  for (const { value } of records) {
    const [group = '', number] = value.split('\t');
    counted.set(group, [...(counted.get(group) ?? []), Number(number)]);
  }
  assert.equal(counted.size, groups);
  for (const [group, counts] of counted) {
    const upwards = counts.map((_, index) => index + 1);
    assert.deepEqual(counts, upwards, `counts of ${group}`);
  }
  assert.equal(records.length, count);
}

const produce = (kafka: string, topic: string, many = count) =>
  kafkaProgram(['produce', kafka, topic, String(many), 'lz4']);

for (const protocol of ['classic', 'streams']) {
  test(`Kafka Streams counts each record once, protocol ${protocol}`, { timeout }, async (t) => {
    for (const { name, kafka, createTopic } of await bothWays(t)) {
      await t.test(name, async () => {
        const [source, target] = [await createTopic(3), await createTopic(3)];
        const app = await application(t, kafka, [source, target], protocol);
        await produce(kafka, source);
        const program = await app.start();
        await program.until('the first counts', async () => (await logged(target)) > 0);
        assert.match(await describe(kafka, app.name, protocol), new RegExp(app.name));
        await assertCountsOnce(program, kafka, target);
        await deleteGroup(kafka, app.name, protocol);
      });
    }
  });
}

function describe(kafka: string, group: string, protocol: string): Promise<string> {
  const command = protocol === 'streams' ? 'streams.StreamsGroupCommand' : groupCommand;
  const given = ['--bootstrap-server', kafka, '--describe', '--group', group];
  return kafkaTool(`org.apache.kafka.tools.${command}`, given);
}

const groupCommand = 'consumer.group.ConsumerGroupCommand';

async function deleteGroup(kafka: string, group: string, protocol: string): Promise<void> {
  const command = protocol === 'streams' ? 'streams.StreamsGroupCommand' : groupCommand;
  const given = ['--bootstrap-server', kafka, '--delete', '--group', group];
  const said = await kafkaTool(`org.apache.kafka.tools.${command}`, given);
  assert.match(said, /was successful|Deletion of requested/);
}

for (const protocol of ['classic', 'streams']) {
  test(
    `Kafka Streams counts each record once over kills of gateway and instance, ${protocol}`,
    { timeout },
    async (t) => {
      const gateway = await startGateway(t);
      const { kafka, kinesis } = gateway;
      const [source, target] = [await createStream(kinesis, 3), await createStream(kinesis, 3)];
      const app = await application(t, kafka, [source, target], protocol);
      const killed = await app.start();
      const stays = await app.start();
      const isShared = () => [killed, stays].every((each) => each.output().includes('RUNNING'));
      await stays.until('both instances', isShared, 60_000);
      const writing = produce(kafka, source);
      await stays.until('the first counts', async () => (await logged(target)) > 0);
      await gateway.kill9();
      t.diagnostic(`the gateway was killed at ${await logged(target)} of ${count} counts`);
      await gateway.again();
      await writing;
      await stays.until('a third', async () => (await logged(target)) >= count / 3, 60_000);
      await killed.kill9();
      t.diagnostic(`an instance was killed at ${await logged(target)} of ${count} counts`);
      await assertCountsOnce(stays, kafka, target);
    },
  );
}
