/**
 * Every request passes the authorizer with the names of everything that it touches, whichever
 * version it is of. Source of operations and resources: the Kafka documentation, "Operations and
 * Resources on Protocols"; of what later APIs check, KafkaApis and ControllerApis of Kafka.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Connection } from '../../adapters/kafka/connection.ts';
import { connectBy } from '../../adapters/kafka/transport.ts';
import type { Access, Authorizer } from '../../src/access/authorizer.ts';
import type { Session } from '../../src/access/session.ts';
import { touchesNothing } from '../../src/kafka/access.ts';
import { kafkaApis } from '../../src/kafka/apis/index.ts';
import { fetchRequest, fetchResponse } from '../../src/wire/messages/01-fetch.ts';
import { metadataRequest, metadataResponse } from '../../src/wire/messages/03-metadata.ts';
import { produceRequest, produceResponse } from '../../src/wire/messages/00-produce.ts';
import { encodeBatch } from '../../src/wire/record-batch.ts';
import { errorName } from '../../src/wire/errors.ts';
import { apiTables } from '../conformance/api-tables.ts';
import { createTopics } from '../support/create-topics.ts';
import { kafkaClient, newName } from '../support/doors.ts';
import { sharedEngines } from '../support/engines.ts';
import { requestFrame } from '../support/frames.ts';
import { connectTo } from '../support/kafka-connection.ts';
import { startKafkaDoor } from '../support/kafka-door.ts';
import { rawClient } from '../support/raw-client.ts';
import { untilTrue } from '../support/until.ts';
import { versionsOf } from '../support/wire-values.ts';

const metadataApi = { request: metadataRequest, response: metadataResponse };
const fetchApi = { request: fetchRequest, response: fetchResponse };
const produceApi = { request: produceRequest, response: produceResponse };

const { kafkaBootstrap } = await sharedEngines();
/** An existing topic, and its id. */
const topic = newName();
const topicId = await createTopic();

async function createTopic(): Promise<string> {
  const admin = kafkaClient(kafkaBootstrap).admin();
  await admin.connect();
  await createTopics(admin, [{ topic, numPartitions: 2 }]);
  await admin.disconnect();
  const [host = '', port] = kafkaBootstrap.split(':');
  const settings = { connect: connectBy(undefined), clientId: 'a-client' };
  const connection = await Connection.open({ host, port: Number(port) }, settings);
  const { topics: found } = await connection.request(metadataApi, { topics: [{ name: topic }] });
  connection.close();
  return found[0]!.topicId;
}

/** Remembers what it was asked, and refuses all of it or nothing. */
function recorder(refuses: boolean) {
  const asked: { readonly session: Session; readonly accesses: readonly Access[] }[] = [];
  const authorizer: Authorizer = {
    async authorize(session, accesses) {
      const all = 'kind' in accesses ? [accesses] : accesses;
      asked.push({ session, accesses: all });
      return refuses ? all.map((access) => ({ access, message: 'not to you' })) : [];
    },
  };
  return { asked, authorizer };
}

const shown = (accesses: readonly Access[] | undefined) =>
  accesses?.map(({ action, kind, name }) => `${action.replace('kafka:', '')} ${kind} ${name}`);

type Sample = {
  /** As the request's table has it; fields that a version lacks are left out by the codec. */
  readonly request: object;
  readonly touches: readonly string[];
  /** Versions that it is for; all where absent. */
  readonly versions?: readonly [from: number, to: number];
};

const group = 'Read group g';
const transaction = 'Write transactional-id t';
const cluster = (operation: string) => `${operation} all *`;
const later = Infinity;
const txn = { transactionalId: 't', producerId: 1n, producerEpoch: 0 };

const on = (operation: string) => `${operation} stream ${topic}`;
const all = (operation: string) => `${operation} stream *`;
const named = { name: topic, topicId };
const groupIds = { groupId: 'g', groupIds: ['g', 'h'] };
const ofPartition = { partitionIndex: 0, partition: 0, index: 0 };
const topics = [{ ...named, topic, partitions: [ofPartition] }];
const always = (request: object, ...touches: readonly string[]) => [{ request, touches }];
const ofCluster = (operation: string, request: object = {}) => always(request, cluster(operation));
const configs = [2, 4, 8, 16, 32].map((resourceType) => ({ resourceType, resourceName: 'r' }));
const configsOf = (operation: string) => [
  `${operation} stream r`,
  ...[4, 8, 16].map(() => cluster(operation)),
  `${operation} group r`,
];
const consumed = [{ topicName: topic, partitions: [0] }];
const describedGroups = ['Describe group g', 'Describe group h'];

/** Of every API that touches something, requests of every version and what they touch. */
const samples: Readonly<Record<number, readonly Sample[]>> = {
  0: [
    {
      request: { acks: 1, transactionalId: 't', topicData: [{ ...named, partitionData: [] }] },
      touches: [transaction, on('Write')],
    },
    {
      request: { acks: 1, topicData: [{ ...named, partitionData: [] }], transactionalId: null },
      touches: [on('Write')],
    },
  ],
  1: [
    { request: { topics }, touches: [on('Read')] },
    {
      request: { replicaId: 1, replicaState: { replicaId: 1 }, topics },
      touches: [cluster('ClusterAction')],
    },
    // A session that this connection did not begin may be of any topic.
    {
      request: { sessionId: 7, sessionEpoch: 3, topics },
      touches: [on('Read'), all('Read')],
      versions: [7, later],
    },
  ],
  2: always({ topics, replicaId: -1 }, on('Describe')),
  3: [
    { request: { topics: [named] }, touches: [on('Describe'), on('Create')] },
    {
      request: { topics: [named], allowAutoTopicCreation: false },
      touches: [on('Describe')],
      versions: [4, later],
    },
    {
      request: { topics: [{ name: null, topicId }] },
      touches: [on('Describe')],
      versions: [12, later],
    },
    { request: { topics: [] }, touches: [all('Describe')], versions: [0, 0] },
    { request: { topics: null }, touches: [all('Describe')], versions: [1, later] },
  ],
  8: always({ groupId: 'g', topics }, group, on('Read')),
  9: [
    {
      request: { groupId: 'g', topics, groups: [{ groupId: 'g', topics }] },
      touches: ['Describe group g', on('Describe')],
    },
    {
      request: { groupId: 'g', topics: null, groups: [{ groupId: 'g', topics: null }] },
      touches: ['Describe group g', all('Describe')],
      versions: [2, later],
    },
  ],
  10: [
    { request: { key: 'g', coordinatorKeys: ['g'] }, touches: ['Describe group g'] },
    {
      request: { key: 't', coordinatorKeys: ['t'], keyType: 1 },
      touches: ['Describe transactional-id t'],
      versions: [1, later],
    },
    {
      request: { key: 'g', coordinatorKeys: ['g:1:0'], keyType: 2 },
      touches: [cluster('ClusterAction')],
      versions: [1, later],
    },
  ],
  ...Object.fromEntries([11, 12, 13, 14].map((key) => [key, always({ groupId: 'g' }, group)])),
  15: always({ groups: ['g', 'h'] }, ...describedGroups),
  16: always({}, 'Describe group *'),
  19: always({ topics: [named] }, on('Create')),
  20: always({ topics: [named], topicNames: [topic] }, on('Delete')),
  21: always({ topics }, on('Delete')),
  22: [
    { request: txn, touches: [transaction] },
    { request: { transactionalId: null }, touches: [cluster('IdempotentWrite')] },
  ],
  23: [
    { request: { topics, replicaId: -1 }, touches: [on('Describe')] },
    {
      request: { topics, replicaId: 1 },
      touches: [cluster('ClusterAction')],
      versions: [3, later],
    },
  ],
  24: [
    {
      request: { v3AndBelowTransactionalId: 't', v3AndBelowTopics: [named] },
      touches: [transaction, on('Write')],
      versions: [0, 3],
    },
    {
      request: { transactions: [{ ...txn, topics: [named] }] },
      touches: [cluster('ClusterAction')],
      versions: [4, later],
    },
  ],
  25: always({ ...txn, groupId: 'g' }, transaction, group),
  26: always(txn, transaction),
  27: ofCluster('ClusterAction'),
  28: always({ ...txn, groupId: 'g', topics }, transaction, group, on('Read')),
  29: ofCluster('Describe'),
  30: ofCluster('Alter'),
  31: ofCluster('Alter'),
  32: always({ resources: configs }, ...configsOf('DescribeConfigs')),
  33: always({ resources: configs }, ...configsOf('AlterConfigs')),
  34: ofCluster('Alter'),
  35: ofCluster('Describe'),
  37: always({ topics: [named] }, on('Alter')),
  38: [
    {
      request: { ownerPrincipalType: 'User', ownerPrincipalName: 'u' },
      touches: ['CreateTokens user User:u'],
      versions: [3, later],
    },
    { request: {}, touches: [], versions: [1, 2] },
  ],
  41: [
    { request: { owners: null }, touches: ['Describe delegation-token *'] },
    {
      request: { owners: [{ principalType: 'User', principalName: 'u' }] },
      touches: ['DescribeTokens user User:u'],
    },
  ],
  42: always({ groupsNames: ['g', 'h'] }, 'Delete group g', 'Delete group h'),
  43: ofCluster('Alter'),
  44: always({ resources: configs }, ...configsOf('AlterConfigs')),
  45: ofCluster('Alter'),
  46: ofCluster('Describe'),
  47: always({ groupId: 'g', topics }, 'Delete group g', on('Read')),
  48: ofCluster('DescribeConfigs'),
  49: ofCluster('AlterConfigs'),
  50: ofCluster('Describe'),
  51: ofCluster('Alter'),
  55: ofCluster('Describe'),
  57: ofCluster('Alter'),
  60: ofCluster('Describe'),
  61: always({ topics: [named] }, on('Read')),
  64: ofCluster('Alter'),
  65: always({ transactionalIds: ['t'] }, 'Describe transactional-id t'),
  66: always({}, 'Describe transactional-id *'),
  68: [
    {
      request: { groupId: 'g', subscribedTopicNames: [topic] },
      touches: [group, on('Describe')],
    },
    {
      request: { groupId: 'g', subscribedTopicRegex: 'a.*' },
      touches: [group, all('Describe')],
      versions: [1, later],
    },
  ],
  69: always(groupIds, ...describedGroups),
  74: ofCluster('DescribeConfigs'),
  75: [
    { request: { topics: [named] }, touches: [on('Describe')] },
    { request: { topics: [] }, touches: [all('Describe')] },
  ],
  76: always({ groupId: 'g', subscribedTopicNames: [topic] }, group, on('Describe')),
  77: always(groupIds, ...describedGroups),
  78: [
    { request: { groupId: 'g', memberId: 'm', topics }, touches: [group, on('Read')] },
    {
      request: { groupId: 'g', memberId: 'm', topics, shareSessionEpoch: 2 },
      touches: [group, on('Read'), all('Read')],
    },
  ],
  79: always({ groupId: 'g', memberId: 'm', topics }, group, on('Read')),
  80: ofCluster('Alter'),
  81: ofCluster('Alter'),
  88: always(
    {
      groupId: 'g',
      topology: {
        epoch: 1,
        subtopologies: [
          {
            sourceTopics: ['in'],
            sourceTopicRegex: ['a.*'],
            stateChangelogTopics: [{ name: 'log' }],
            repartitionSinkTopics: ['sink'],
            repartitionSourceTopics: [{ name: 'parts' }],
          },
        ],
      },
    },
    group,
    ...['in', 'sink', 'log', 'parts', '*'].map((name) => `Describe stream ${name}`),
    ...['log', 'parts'].map((name) => `Create stream ${name}`),
  ),
  89: always(groupIds, ...describedGroups, all('Describe')),
  90: [
    {
      request: { groups: [{ groupId: 'g', topics: consumed }] },
      touches: ['Describe group g', on('Describe')],
    },
    {
      request: { groups: [{ groupId: 'g', topics: null }] },
      touches: ['Describe group g', all('Describe')],
    },
  ],
  91: always({ groupId: 'g', topics: [{ topicName: topic, partitions: [] }] }, group, on('Read')),
  92: always({ groupId: 'g', topics: consumed }, 'Delete group g', on('Read')),
  93: always({ groupId: 'g' }, group),
  94: ofCluster('Alter'),
};

/** APIs that anybody may ask, or that are for a login. */
const open = [
  ...['SaslHandshake', 'ApiVersions', 'SaslAuthenticate', 'RenewDelegationToken'],
  ...['ExpireDelegationToken', 'GetTelemetrySubscriptions', 'PushTelemetry'],
];

test('every request passes the authorizer with the names of all that it touches', async (t) => {
  const { asked, authorizer } = recorder(true);
  const door = await startKafkaDoor(t, { authorizer });
  const tables = new Map(apiTables.map((each) => [each.request.key, each.request]));
  let requests = 0;
  for (const { key, name, touches } of kafkaApis) {
    assert.equal(touches === touchesNothing, open.includes(name), `${name} says what it touches`);
    if (touches === touchesNothing) continue;
    assert.ok(
      samples[key]?.some((sample) => sample.touches.length > 0),
      `${name} has a sample`,
    );
    await t.test(name, async (each) => {
      for (const version of versionsOf(tables.get(key)!)) {
        const fitting = samples[key]!.filter(
          ({ versions: [from, to] = [0, later] }) => version >= from && version <= to,
        );
        assert.notEqual(fitting.length, 0, `${name} v${version} has a sample`);
        for (const { request, touches: expected } of fitting) {
          const raw = rawClient(each, door.port);
          const ended = new Promise((resolve) => raw.socket.once('close', resolve));
          raw.socket.write(requestFrame(tables.get(key)!, version, request, 'a client', 1));
          await Promise.race([raw.waitFor(1), ended]);
          requests += 1;
          assert.equal(asked.length, requests, `${name} v${version} asks once`);
          const { accesses, session } = asked.at(-1)!;
          assert.deepEqual(shown(accesses), expected, `${name} v${version}`);
          const { principal, peer, listener } = session;
          assert.deepEqual(
            [principal.kind, peer, listener],
            ['anonymous', '127.0.0.1', { door: 'kafka', port: door.port, isEncrypted: false }],
          );
          raw.socket.destroy();
        }
      }
    });
  }
});

test('APIs for everybody are answered without the authorizer', async (t) => {
  const { asked, authorizer } = recorder(true);
  const door = await startKafkaDoor(t, { authorizer });
  for (const { key, name, request } of kafkaApis.filter((api) => open.includes(api.name))) {
    const { request: table } = apiTables.find((each) => each.request.key === key)!;
    const raw = rawClient(t, door.port);
    raw.socket.write(requestFrame(table, request.versionMax, { mechanism: 'PLAIN' }, 'a', 1));
    const ended = new Promise((resolve) => raw.socket.once('close', resolve));
    await Promise.race([raw.waitFor(1), ended]);
    assert.equal(asked.length, 0, name);
  }
});

const codes = (numbers: readonly number[]) => numbers.map(errorName);

test('a refusal reaches the client in the terms of the API', async (t) => {
  const { authorizer } = recorder(true);
  const door = await startKafkaDoor(t, { authorizer });
  const connection = await connectTo(t, door.bootstrap);
  const partitionData = [
    { index: 0, records: encodeBatch([{ key: null, value: Buffer.from('v') }], Date.now()) },
  ];
  const sent = { acks: -1, topicData: [{ name: topic, topicId, partitionData }] };
  for (const versionMax of [9, 13]) {
    const produced = await connection.request(produceApi, sent, { versionMax });
    const [answer] = produced.responses;
    assert.deepEqual(codes(answer!.partitionResponses.map(({ errorCode }) => errorCode)), [
      'TOPIC_AUTHORIZATION_FAILED',
    ]);
    const partitions = [{ partition: 0, fetchOffset: 0n, partitionMaxBytes: 1 }];
    const asked = { topics: [{ topic, topicId, partitions }], sessionEpoch: 0 };
    const fetched = await connection.request(fetchApi, asked, { versionMax });
    const [read] = fetched.responses;
    assert.deepEqual(codes(read!.partitions.map(({ errorCode }) => errorCode)), [
      'TOPIC_AUTHORIZATION_FAILED',
    ]);
  }
  const session = { sessionId: 7, sessionEpoch: 1, topics: [] };
  const unknown = await connection.request(fetchApi, session);
  assert.equal(errorName(unknown.errorCode), 'FETCH_SESSION_ID_NOT_FOUND');
  for (const [key, expected] of [
    [11, 'GROUP_AUTHORIZATION_FAILED'],
    [26, 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED'],
    [48, 'CLUSTER_AUTHORIZATION_FAILED'],
    [41, 'DELEGATION_TOKEN_AUTHORIZATION_FAILED'],
  ] as const) {
    const tables = apiTables.find(({ request }) => request.key === key)!;
    const request = key === 41 ? { owners: null } : {};
    const answer: Readonly<Record<string, unknown>> = await connection.request(tables, request);
    assert.equal(errorName(answer['errorCode'] as number), expected);
  }
});

test('a fetch session is authorized whole each time, and only where it began', async (t) => {
  const { asked, authorizer } = recorder(false);
  const door = await startKafkaDoor(t, { authorizer });
  for (const versionMax of [12, 13, 18]) {
    const connection = await connectTo(t, door.bootstrap);
    const partitionsOf = (numbers: readonly number[]) =>
      numbers.map((partition) => ({ partition, fetchOffset: 0n, partitionMaxBytes: 1_000 }));
    const fetch = async (request: object) => {
      const answer = await connection.request(
        fetchApi,
        { maxWaitMs: 1, ...request },
        { versionMax },
      );
      return { answer, touched: shown(asked.at(-1)!.accesses) };
    };
    const whole = [{ topic, topicId, partitions: partitionsOf([0, 1]) }];
    const begun = await fetch({ topics: whole, sessionEpoch: 0 });
    assert.deepEqual(begun.touched, [`Read stream ${topic}`]);
    const { sessionId } = begun.answer;
    assert.notEqual(sessionId, 0);
    const again = await fetch({ sessionId, sessionEpoch: 1, topics: [] });
    assert.deepEqual(again.touched, [`Read stream ${topic}`]);
    const forget = (numbers: readonly number[]) => [{ topic, topicId, partitions: numbers }];
    const less = { sessionId, sessionEpoch: 2, topics: [], forgottenTopicsData: forget([0]) };
    assert.deepEqual((await fetch(less)).touched, [`Read stream ${topic}`]);
    const none = { sessionId, sessionEpoch: 3, topics: [], forgottenTopicsData: forget([1]) };
    assert.deepEqual((await fetch(none)).touched, []);
    const elsewhere = await connectTo(t, door.bootstrap);
    await elsewhere.request(fetchApi, { sessionId, sessionEpoch: 4, maxWaitMs: 1 }, { versionMax });
    assert.deepEqual(shown(asked.at(-1)!.accesses), ['Read stream *']);
  }
});

test('what an authorizer allows works as ever: produced, consumed, committed', async (t) => {
  const { asked, authorizer } = recorder(false);
  const door = await startKafkaDoor(t, { authorizer });
  const client = kafkaClient(door.bootstrap);
  const producer = client.producer();
  await producer.connect();
  // More than one read of the socket has.
  const value = Buffer.alloc(500_000, 'v');
  await producer.send({ topic, messages: [{ value }, { value: 'small' }] });
  await producer.disconnect();
  const groupId = newName();
  const consumer = client.consumer({ groupId });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const sizes: number[] = [];
  await consumer.run({
    eachMessage: async ({ message }) => void sizes.push(message.value!.length),
  });
  await untilTrue('both records', () => sizes.length === 2);
  await consumer.disconnect();
  assert.deepEqual(
    sizes.toSorted((a, b) => a - b),
    [5, value.length],
  );
  const touched = new Set(asked.flatMap(({ accesses }) => shown(accesses)!));
  for (const each of [`Write stream ${topic}`, `Read stream ${topic}`, `Read group ${groupId}`]) {
    assert.ok(touched.has(each), each);
  }
});
