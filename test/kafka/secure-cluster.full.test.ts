/** The gateway before a cluster that wants TLS and SASL. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import kafkajs, { type SASLOptions } from 'kafkajs';
import { Connection } from '../../adapters/kafka/connection.ts';
import { loginOf, oauthClient } from '../../adapters/kafka/sasl.ts';
import { connectBy } from '../../adapters/kafka/transport.ts';
import {
  metadataRequest as request,
  metadataResponse as response,
} from '../../src/wire/messages/03-metadata.ts';
import { createStream, newName } from '../support/doors.ts';
import {
  kafkajsLoad,
  kinesisLoad,
  lostOf,
  untilAllGoOn,
  valuesOf,
} from '../support/loads/loads.ts';
import { createTopics } from '../support/create-topics.ts';
import { startGateway } from '../support/gateway.ts';
import { withAdmin } from '../support/groups.ts';
import { startKafkaDoor } from '../support/kafka-door.ts';
import {
  plainUser,
  scramUser,
  type SecureBroker,
  startSecureBroker,
} from '../support/secure-broker.ts';
import { produceFrame } from '../support/raw-client.ts';
import { untilTrue } from '../support/until.ts';

/** So short that every connection must log in again in the middle of its work. */
const sessionMs = 4_000;
const timeout = 280_000;
const partitions = 3;

type Settings = Readonly<Record<string, string>>;

/** An unsigned token, as the broker's development validator takes it. */
function unsecuredToken(subject: string): string {
  const nowSeconds = Math.floor(Date.now() / 1000);
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { sub: subject, iat: nowSeconds, exp: nowSeconds + 300 };
  return `${part({ alg: 'none' })}.${part(claims)}.`;
}

function waysIn(broker: SecureBroker, tokenFile: string, tokenEndpoint: string) {
  const tls = { KINESKA_KAFKA_SSL_CA_FILE: broker.certFile };
  const user = ({ username, password }: { username: string; password: string }) => ({
    KINESKA_KAFKA_SASL_USERNAME: username,
    KINESKA_KAFKA_SASL_PASSWORD: password,
  });
  const sasl = (listener: 'SASL_PLAINTEXT' | 'SASL_SSL', mechanism: string, more: Settings) => ({
    KINESKA_KAFKA_BOOTSTRAP: broker.bootstrap[listener],
    KINESKA_KAFKA_SECURITY_PROTOCOL: listener,
    KINESKA_KAFKA_SASL_MECHANISM: mechanism,
    ...more,
  });
  return {
    'TLS with a certificate of the gateway': {
      ...tls,
      KINESKA_KAFKA_BOOTSTRAP: broker.bootstrap.SSL,
      KINESKA_KAFKA_SECURITY_PROTOCOL: 'SSL',
      KINESKA_KAFKA_SSL_CERT_FILE: broker.certFile,
      KINESKA_KAFKA_SSL_KEY_FILE: broker.keyFile,
    },
    'SASL PLAIN': sasl('SASL_PLAINTEXT', 'PLAIN', user(plainUser)),
    'SASL SCRAM-SHA-256 over TLS': sasl('SASL_SSL', 'SCRAM-SHA-256', {
      ...tls,
      ...user(scramUser),
    }),
    'SASL SCRAM-SHA-512': sasl('SASL_PLAINTEXT', 'SCRAM-SHA-512', user(scramUser)),
    'SASL OAUTHBEARER with a token file': sasl('SASL_PLAINTEXT', 'OAUTHBEARER', {
      KINESKA_KAFKA_SASL_OAUTH_TOKEN_FILE: tokenFile,
    }),
    'SASL OAUTHBEARER with an endpoint over TLS': sasl('SASL_SSL', 'OAUTHBEARER', {
      ...tls,
      ...user({ username: 'a client', password: 'its secret' }),
      KINESKA_KAFKA_SASL_OAUTH_TOKEN_ENDPOINT: tokenEndpoint,
    }),
  };
}

/** Grants a token to the client that the test knows. */
async function startTokenEndpoint(t: TestContext): Promise<string> {
  const basic = `Basic ${Buffer.from('a%20client:its%20secret').toString('base64')}`;
  const server = createServer((asked, answer) => {
    const granted = asked.headers.authorization === basic;
    answer.writeHead(granted ? 200 : 401, { 'content-type': 'application/json' });
    answer.end(JSON.stringify({ access_token: unsecuredToken('client'), expires_in: 300 }));
  });
  t.after(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`;
}

test('a secured cluster', { timeout }, async (t) => {
  const broker = await startSecureBroker(t, sessionMs);
  const tokenFile = join(broker.folder, 'token');
  await writeFile(tokenFile, `${unsecuredToken('gateway')}\n`);
  const ways = waysIn(broker, tokenFile, await startTokenEndpoint(t));

  for (const [name, settings] of Object.entries(ways)) {
    await t.test(`both doors work by ${name}, over the end of sessions`, async (st) => {
      const gateway = await startGateway(st, { settings: { ...settings, KINESKA_LIMITS: 'off' } });
      const stream = await createStream(gateway.kinesis, partitions);
      const loads = [
        await kafkajsLoad([gateway.kafka], stream, partitions),
        kinesisLoad([gateway.kinesis], stream),
      ];
      const untilMs = Date.now() + 1.5 * sessionMs;
      while (Date.now() < untilMs) await untilAllGoOn(loads, 50);
      for (const load of loads) await load.stop();
      assert.deepEqual(
        loads.map(({ failed }) => failed),
        [[], []],
        'no client notices that a session ends',
      );
      assert.deepEqual(lostOf(loads, await valuesOf(gateway.kinesis, stream)), []);
      assert.equal(gateway.output().includes(scramUser.password), false);
    });
  }

  await t.test("a client's connection outlives the sessions of the gateway's login", async (st) => {
    const gateway = await startGateway(st, { settings: ways['SASL SCRAM-SHA-256 over TLS'] });
    const [host = '', port = ''] = gateway.kafka.split(':');
    const settings = { connect: connectBy(undefined), clientId: 'kineska-test' };
    const connection = await Connection.open({ host, port: Number(port) }, settings);
    const ask = () => connection.request({ request, response }, { topics: [] });
    let answered = 0;
    const untilMs = Date.now() + 2.5 * sessionMs;
    while (Date.now() < untilMs) {
      const answers = await Promise.all(Array.from({ length: 20 }, ask));
      answered += answers.length;
    }
    assert.ok(connection.usable);
    assert.ok(answered > 100, `${answered} answers`);
    connection.close();
  });

  await t.test(
    'what a client sent before it closed waits until the gateway is logged in',
    async (st) => {
      let grant: (token: string) => void = () => undefined;
      const token = new Promise<string>((resolve) => (grant = resolve));
      const door = await startKafkaDoor(st, {
        kafka: broker.bootstrap.PLAINTEXT,
        brokerPort: Number(broker.bootstrap.SASL_PLAINTEXT.split(':')[1]),
        login: loginOf(oauthClient(() => token)),
      });
      const topic = newName();
      await withAdmin(broker.bootstrap.PLAINTEXT, async (admin) => {
        await createTopics(admin, [{ topic, numPartitions: 1 }]);
        const socket = connect({ host: '127.0.0.1', port: door.port });
        socket.write(produceFrame(topic), () => socket.resetAndDestroy());
        await once(socket, 'close');
        grant(unsecuredToken('gateway'));
        await untilTrue('the record', async () => {
          const [offsets] = await admin.fetchTopicOffsets(topic);
          return Number(offsets!.high) === 1;
        });
      });
    },
  );

  await t.test('wrong credentials: a sentence that says so', async (st) => {
    const settings = { ...ways['SASL SCRAM-SHA-512'], KINESKA_KAFKA_SASL_PASSWORD: 'wrong' };
    await assert.rejects(startGateway(st, { settings }), /refused the gateway: SCRAM-SHA-512/);
  });

  await t.test('the wrong way in: a sentence that names the setting', async (st) => {
    for (const listener of ['SSL', 'SASL_PLAINTEXT'] as const) {
      const settings = { KINESKA_KAFKA_BOOTSTRAP: broker.bootstrap[listener] };
      const refused = startGateway(st, { settings });
      await assert.rejects(refused, /TLS or SASL\? See --kafka-security-protocol/, listener);
    }
  });

  await t.test("an authority that the broker's certificate is not from is refused", async (st) => {
    const settings = { ...ways['SASL SCRAM-SHA-256 over TLS'], KINESKA_KAFKA_SSL_CA_FILE: '' };
    await assert.rejects(startGateway(st, { settings }), /cannot be reached/);
  });

  await t.test('clients log in themselves where the gateway is told so', async (st) => {
    const settings = { ...ways['SASL SCRAM-SHA-512'], KINESKA_KAFKA_IDENTITY: 'client' };
    const gateway = await startGateway(st, { settings });
    const wrong = { username: plainUser.username, password: 'wrong' };
    for (const sasl of clientsLogins(plainUser)) {
      assert.equal(await roundTrip(gateway.kafka, sasl), 'a record', sasl.mechanism);
    }
    const refused = roundTrip(gateway.kafka, { mechanism: 'plain', ...wrong });
    await assert.rejects(refused, { name: 'KafkaJSSASLAuthenticationError' });
    await assert.rejects(roundTrip(gateway.kafka, undefined), 'a client without SASL');
  });

  await t.test("one connection has one identity: a client's SASL is refused", async (st) => {
    const gateway = await startGateway(st, { settings: ways['SASL SCRAM-SHA-512'] });
    await assert.rejects(
      roundTrip(gateway.kafka, { mechanism: 'plain', ...plainUser }),
      /mechanism/,
    );
    assert.equal(await roundTrip(gateway.kafka, undefined), 'a record');
  });
});

function clientsLogins(plain: typeof plainUser): SASLOptions[] {
  return [
    { mechanism: 'plain', ...plain },
    { mechanism: 'scram-sha-256', ...scramUser },
    { mechanism: 'scram-sha-512', ...scramUser },
    {
      mechanism: 'oauthbearer',
      oauthBearerProvider: async () => ({ value: unsecuredToken('a client') }),
    },
  ];
}

/** Writes a record to a new topic and reads it again. */
async function roundTrip(broker: string, sasl: SASLOptions | undefined): Promise<string> {
  const kafka = new kafkajs.Kafka({
    brokers: [broker],
    ...(sasl === undefined ? {} : { sasl }),
    logLevel: kafkajs.logLevel.NOTHING,
    reauthenticationThreshold: sessionMs / 2,
    retry: { retries: 2 },
  });
  const topic = newName();
  const admin = kafka.admin();
  const producer = kafka.producer();
  const consumer = kafka.consumer({ groupId: topic });
  try {
    await admin.connect();
    await createTopics(admin, [{ topic }]);
    await producer.connect();
    await producer.send({ topic, messages: [{ value: 'a record' }] });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    return await new Promise((resolve, reject) => {
      const eachMessage = async ({ message }: kafkajs.EachMessagePayload) =>
        resolve(String(message.value));
      consumer.run({ eachMessage }).catch(reject);
    });
  } finally {
    await Promise.all([admin.disconnect(), producer.disconnect(), consumer.disconnect()]);
  }
}
