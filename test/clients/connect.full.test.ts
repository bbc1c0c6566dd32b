/** Kafka Connect in its standalone form, and MirrorMaker 2, as their users run them. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { freePort } from '../../adapters/engines/free-port.ts';
import { sharedEngines } from '../support/engines.ts';
import { connectCommandLine, installClients, kafkaProgram } from '../support/install.ts';
import { startProgram } from '../support/program.ts';
import { bothWays } from '../support/both-ways.ts';
import { kafkaClient, newName } from '../support/doors.ts';
import { assertAllOnce, kafkaRecords } from '../support/checks/records.ts';

await Promise.all([sharedEngines(), installClients()]);

const timeout = 280_000;
const count = 2_000;
const many = String(count);

/** Writes a file of properties; answers its path. */
async function properties(
  folder: string,
  name: string,
  given: Readonly<Record<string, string>>,
): Promise<string> {
  const file = join(folder, `${name}.properties`);
  const lines = Object.entries(given).map((pair) => `${pair.join('=')}\n`);
  await writeFile(file, lines.join(''));
  return file;
}

async function newFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kineska-test-connect-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

const readLines = async (file: string): Promise<string[]> => {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.split('\n').filter((line) => line !== '');
};

/** A worker that copies a file to the topic, and the topic to another file. */
async function connectWorker(t: TestContext, folder: string, kafka: string, topic: string) {
  const strings = 'org.apache.kafka.connect.storage.StringConverter';
  const worker = await properties(folder, 'worker', {
    'bootstrap.servers': kafka,
    'key.converter': strings,
    'value.converter': strings,
    'offset.storage.file.filename': join(folder, 'offsets'),
    'offset.flush.interval.ms': '500',
    listeners: `http://127.0.0.1:${await freePort()}`,
    'consumer.auto.offset.reset': 'earliest',
  });
  const source = await properties(folder, 'source', {
    name: `source-${topic}`,
    'connector.class': 'org.apache.kafka.connect.file.FileStreamSourceConnector',
    file: join(folder, 'input'),
    topic,
  });
  const sink = await properties(folder, 'sink', {
    name: `sink-${topic}`,
    'connector.class': 'org.apache.kafka.connect.file.FileStreamSinkConnector',
    'tasks.max': '2',
    file: join(folder, 'output'),
    topics: topic,
  });
  const main = 'org.apache.kafka.connect.cli.ConnectStandalone';
  return startProgram(t, await connectCommandLine(main, [worker, source, sink]));
}

test(
  'Connect copies a file to a topic and back, and continues after a stop',
  { timeout },
  async (t) => {
    for (const { name, kafka, createTopic } of await bothWays(t)) {
      await t.test(name, async () => {
        const folder = await newFolder(t);
        const topic = await createTopic(2);
        const lines = (part: string) => Array.from({ length: count }, (_, n) => `${part}-${n}`);
        const output = join(folder, 'output');
        const written: string[] = [];
        for (const part of ['first', 'second']) {
          written.push(...lines(part));
          await writeFile(join(folder, 'input'), `${written.join('\n')}\n`);
          const worker = await connectWorker(t, folder, kafka, topic);
          const isDone = async () => (await readLines(output)).length >= written.length;
          await worker.until('the lines in the other file', isDone, 60_000);
          const code = await worker.stop();
          assert.ok(code === 0 || code === 143, worker.output());
        }
        assert.deepEqual((await readLines(output)).toSorted(), written.toSorted());
      });
    }
  },
);

type Mirror = { readonly from: string; readonly topic: string; readonly group: string };

/** What MirrorMaker 2 needs to copy a topic, and the offsets of a group, between two names. */
function mirrorSettings(kafka: string, { from, topic, group }: Mirror) {
  const to = `${from}-target`;
  const of = (settings: Readonly<Record<string, string>>) =>
    Object.fromEntries(
      Object.entries(settings).map(([key, value]) => [`${from}->${to}.${key}`, value]),
    );
  return {
    clusters: `${from}, ${to}`,
    [`${from}.bootstrap.servers`]: kafka,
    [`${to}.bootstrap.servers`]: kafka,
    [`${to}->${from}.enabled`]: 'false',
    ...of({
      enabled: 'true',
      topics: topic,
      groups: group,
      'sync.group.offsets.enabled': 'true',
      'sync.group.offsets.interval.seconds': '1',
      'emit.checkpoints.interval.seconds': '1',
      'refresh.groups.interval.seconds': '2',
    }),
    'offset.lag.max': '0',
    'replication.factor': '1',
    'checkpoints.topic.replication.factor': '1',
    'heartbeats.topic.replication.factor': '1',
    'offset-syncs.topic.replication.factor': '1',
    'config.storage.replication.factor': '1',
    'offset.storage.replication.factor': '1',
    'status.storage.replication.factor': '1',
    'tasks.max': '2',
  };
}

async function committedIn(kafka: string, group: string, topic: string): Promise<number> {
  const admin = kafkaClient(kafka).admin();
  await admin.connect();
  // The copied topic may not be there yet.
  const fetching = admin.fetchOffsets({ groupId: group, topics: [topic] });
  const [offsets] = await fetching.catch(() => []);
  await admin.disconnect();
  const partitions = offsets?.partitions ?? [];
  return partitions.reduce((sum, { offset }) => sum + Math.max(Number(offset), 0), 0);
}

test('MirrorMaker 2 copies records and offsets of groups', { timeout }, async (t) => {
  for (const { name, kafka, createTopic } of await bothWays(t)) {
    await t.test(name, async () => {
      const topic = await createTopic(2);
      await kafkaProgram(['produce', kafka, topic, many, 'lz4']);
      await kafkaProgram(['consume', kafka, topic, many, 'classic']);
      const group = `java-classic-${topic}`;
      const mirror = { from: newName(), topic, group };
      const file = await properties(await newFolder(t), 'mirror', mirrorSettings(kafka, mirror));
      const main = 'org.apache.kafka.connect.mirror.MirrorMaker';
      const program = startProgram(t, await connectCommandLine(main, [file]));
      const copy = `${mirror.from}.${topic}`;
      const isDone = async () => (await committedIn(kafka, group, copy)) === count;
      await program.until('the offsets of the group', isDone, 90_000);
      const code = await program.stop();
      assert.ok(code === 0 || code === 143, program.output());
      const read = await kafkaProgram(['consume', kafka, copy, many, 'consumer']);
      assertAllOnce(kafkaRecords(read), count);
    });
  }
});
