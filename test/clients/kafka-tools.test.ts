/** Kafka's own tools through the door, each as its users run it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { kafkaTool } from '../support/install.ts';
import { sharedEngines } from '../support/engines.ts';

await sharedEngines();

const tools = 'org.apache.kafka.tools';

test("Kafka's own tools work through the door", async (t) => {
  const gateway = await startGateway(t);
  const topic = `tools-${process.pid}`;
  const group = `group-${topic}`;
  const bootstrap = ['--bootstrap-server', gateway.kafka];
  const tool = (name: string, ...given: string[]) =>
    kafkaTool(`${tools}.${name}`, [...bootstrap, ...given]);

  await t.test('kafka-topics creates, describes, grows and lists', async () => {
    await tool('TopicCommand', '--create', '--topic', topic, '--partitions', '2');
    assert.match(await tool('TopicCommand', '--describe', '--topic', topic), /PartitionCount: 2/);
    await tool('TopicCommand', '--alter', '--topic', topic, '--partitions', '3');
    assert.match(await tool('TopicCommand', '--describe', '--topic', topic), /PartitionCount: 3/);
    assert.ok((await tool('TopicCommand', '--list')).split('\n').includes(topic));
  });

  await t.test('kafka-configs changes and shows', async () => {
    const entity = ['--entity-type', 'topics', '--entity-name', topic];
    const config = `${tools}.ConfigCommand`;
    const alter = ['--alter', '--add-config', 'retention.ms=7200000'];
    await kafkaTool(config, [...bootstrap, ...entity, ...alter]);
    const shown = await kafkaTool(config, [...bootstrap, ...entity, '--describe']);
    assert.match(shown, /retention\.ms=7200000/);
  });

  await t.test('the verifiable producer and consumer agree', async () => {
    const produced = await tool('VerifiableProducer', '--topic', topic, '--max-messages', '2000');
    assert.match(produced, /"sent":2000,"acked":2000/);
    const consumed = await tool(
      'VerifiableConsumer',
      ...['--topic', topic, '--group-id', group, '--max-messages', '2000'],
      ...['--reset-policy', 'earliest', '--group-protocol', 'consumer'],
    );
    const counts = consumed.matchAll(/"name":"records_consumed".*?"count":(\d+)/g);
    const total = [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
    assert.ok(total >= 2_000, consumed);
  });

  await t.test('the console producer and consumer pass lines', async () => {
    const lines = `${topic}-lines`;
    await kafkaTool(`${tools}.ConsoleProducer`, [...bootstrap, '--topic', lines], {
      input: 'one\ntwo\n',
    });
    const read = await kafkaTool(`${tools}.consumer.ConsoleConsumer`, [
      ...bootstrap,
      ...['--topic', lines, '--from-beginning', '--max-messages', '2', '--timeout-ms', '30000'],
    ]);
    assert.deepEqual(read.trim().split('\n'), ['one', 'two']);
  });

  await t.test('kafka-consumer-groups lists, describes and resets', async () => {
    const command = 'consumer.group.ConsumerGroupCommand';
    assert.ok((await tool(command, '--list')).split('\n').includes(group));
    const reset = ['--reset-offsets', '--to-earliest', '--all-topics', '--execute'];
    await tool(command, '--group', group, ...reset);
    const described = await tool(command, '--group', group, '--describe');
    assert.match(described, new RegExp(`${group}\\s+${topic}\\s+\\d\\s+0\\s`));
  });

  await t.test('a share group consumes', async () => {
    const shared = `share-${process.pid}`;
    const reset = ['--alter', '--add-config', 'share.auto.offset.reset=earliest'];
    const entity = ['--entity-type', 'groups', '--entity-name', shared];
    await kafkaTool(`${tools}.ConfigCommand`, [...bootstrap, ...entity, ...reset]);
    const read = await kafkaTool(`${tools}.consumer.ConsoleShareConsumer`, [
      ...bootstrap,
      ...['--topic', `${topic}-lines`, '--group', shared],
      ...['--max-messages', '2', '--timeout-ms', '30000'],
    ]);
    assert.deepEqual(read.trim().split('\n').toSorted(), ['one', 'two']);
  });

  await t.test('kafka-acls and quotas are those of the cluster', async () => {
    const acls = `${tools}.AclCommand`;
    const rule = ['--add', '--allow-principal', 'User:a', '--operation', 'Read', '--topic', topic];
    await kafkaTool(acls, [...bootstrap, ...rule]);
    assert.match(await kafkaTool(acls, [...bootstrap, '--list']), /User:a/);
    const quota = ['--entity-type', 'clients', '--entity-name', `client-${topic}`];
    const config = `${tools}.ConfigCommand`;
    const set = ['--alter', '--add-config', 'producer_byte_rate=1000000'];
    await kafkaTool(config, [...bootstrap, ...quota, ...set]);
    const shown = await kafkaTool(config, [...bootstrap, ...quota, '--describe']);
    assert.match(shown, /producer_byte_rate=1000000/);
  });

  await t.test('the cluster, its logs, leaders, transactions and features are shown', async () => {
    assert.match(
      await tool('ClusterTool', 'cluster-id').catch(clusterId(gateway.kafka)),
      /Cluster/,
    );
    assert.match(await tool('LogDirsCommand', '--describe'), /"broker":1/);
    assert.match(await tool('GetOffsetShell', '--topic', topic), new RegExp(`${topic}:0:`));
    await tool('TransactionsCommand', 'list');
    assert.match(await tool('FeatureCommand', 'describe'), /metadata\.version/);
    assert.match(await tool('MetadataQuorumCommand', 'describe', '--status'), /LeaderId/);
    assert.match(await tool('BrokerApiVersionsCommand'), /Produce\(0\): 0 to 13/);
  });
});

/** Sub-commands of this tool want their flags behind them. */
function clusterId(bootstrap: string): () => Promise<string> {
  return () => kafkaTool(`${tools}.ClusterTool`, ['cluster-id', '--bootstrap-server', bootstrap]);
}

test('streams made by CreateStream keep their rules against Kafka tools', async (t) => {
  const gateway = await startGateway(t);
  const stream = `rules-${process.pid}`;
  const answer = await fetch(gateway.kinesis, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'Kinesis_20131202.CreateStream',
    },
    body: JSON.stringify({ StreamName: stream, ShardCount: 1 }),
  });
  assert.equal(answer.status, 200);
  const bootstrap = ['--bootstrap-server', gateway.kafka];
  await assert.rejects(
    kafkaTool(`${tools}.TopicCommand`, [
      ...bootstrap,
      ...['--alter', '--topic', stream, '--partitions', '2'],
    ]),
    /UpdateShardCount/,
  );
  const entity = ['--entity-type', 'topics', '--entity-name', stream];
  const refused = [
    'cleanup.policy=compact',
    'retention.ms=1000',
    'errors.deadletterqueue.group.enable=true',
  ];
  for (const config of refused) {
    const alter = ['--alter', '--add-config', config];
    await assert.rejects(
      kafkaTool(`${tools}.ConfigCommand`, [...bootstrap, ...entity, ...alter]),
      /This stream has Kinesis rules/,
    );
  }
});
