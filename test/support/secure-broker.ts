/** One real broker with a listener for each way in: TLS, SASL, both, neither. */
import { pbkdf2Sync, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { KafkaNode } from '../../adapters/engines/embedded-kafka.ts';
import { freePort } from '../../adapters/engines/free-port.ts';
import { Cluster } from '../../adapters/kafka/cluster.ts';
import { selfSignedCertificate } from '../../src/runtime/certificate.ts';
import {
  alterUserScramCredentialsRequest as request,
  alterUserScramCredentialsResponse as response,
} from '../../src/wire/messages/51-alter-user-scram-credentials.ts';
import { startKafkaCluster } from './kafka-cluster.ts';

export type SecureBroker = {
  /** `host:port` of each listener. */
  readonly bootstrap: Readonly<Record<Listener, string>>;
  /** Of the broker, and of the authority that clients' certificates come from. */
  readonly certFile: string;
  readonly keyFile: string;
  /** PEM texts of the same. */
  readonly cert: string;
  readonly key: string;
  readonly folder: string;
};

export type Listener = 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL';

/** Of SCRAM; with what must be escaped, and with letters beyond ASCII. */
export const scramUser = { username: 'gate,way=1', password: 'a pass=word, ünïcode' };
/** Of PLAIN. */
export const plainUser = { username: 'alice', password: 'secret' };

const iterations = 4096;
const modules = 'org.apache.kafka.common.security';

/** `sessionMs`: the session lifetime. */
export async function startSecureBroker(t: TestContext, sessionMs: number): Promise<SecureBroker> {
  const folder = await mkdtemp(join(tmpdir(), 'kineska-test-secure-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const { cert, key } = await selfSignedCertificate(folder, '127.0.0.1', Date.now());
  const keyStore = join(folder, 'keystore.pem');
  const certFile = join(folder, 'cert.pem');
  const keyFile = join(folder, 'key.pem');
  await Promise.all([
    writeFile(keyStore, `${key}\n${cert}`),
    writeFile(certFile, cert),
    writeFile(keyFile, key),
  ]);
  const ports = {
    SSL: await freePort(),
    SASL_PLAINTEXT: await freePort(),
    SASL_SSL: await freePort(),
  };
  const cluster = await startKafkaCluster(t, {
    count: 1,
    properties: (node) => ({
      ...listenersOf(node, ports),
      ...saslOf(sessionMs),
      'ssl.keystore.type': 'PEM',
      'ssl.keystore.location': keyStore,
      'ssl.truststore.type': 'PEM',
      'ssl.truststore.location': certFile,
      'listener.name.ssl.ssl.client.auth': 'required',
      'min.insync.replicas': '1',
    }),
  });
  await makeScramUsers(cluster.bootstrap);
  const others = Object.entries(ports).map(([name, port]) => [name, `127.0.0.1:${port}`]);
  const bootstrap = { PLAINTEXT: cluster.bootstrap, ...Object.fromEntries(others) };
  return { bootstrap, certFile, keyFile, cert, key, folder };
}

function listenersOf(node: KafkaNode, others: Readonly<Record<string, number>>) {
  const ports = { PLAINTEXT: node.port, ...others };
  const listeners = Object.entries(ports).map(([name, port]) => `${name}://127.0.0.1:${port}`);
  const protocols = Object.keys(ports).map((name) => `${name}:${name}`);
  return {
    listeners: [...listeners, `CONTROLLER://127.0.0.1:${node.controllerPort}`].join(','),
    'advertised.listeners': listeners.join(','),
    'listener.security.protocol.map': ['CONTROLLER:PLAINTEXT', ...protocols].join(','),
    'inter.broker.listener.name': 'PLAINTEXT',
  };
}

function saslOf(sessionMs: number): Record<string, string> {
  const { username, password } = plainUser;
  const configs = {
    plain: `plain.PlainLoginModule required user_${username}="${password}";`,
    'scram-sha-256': 'scram.ScramLoginModule required;',
    'scram-sha-512': 'scram.ScramLoginModule required;',
    oauthbearer:
      'oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";',
  };
  const properties: Record<string, string> = {
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
    'connections.max.reauth.ms': String(sessionMs),
    // An operator's ACLs are not what is tested here: every user may do everything.
    'super.users': 'User:ANONYMOUS',
  };
  for (const [mechanism, config] of Object.entries(configs)) {
    for (const listener of ['sasl_plaintext', 'sasl_ssl']) {
      const name = `listener.name.${listener}.${mechanism}.sasl.jaas.config`;
      properties[name] = `${modules}.${config}`;
    }
  }
  return properties;
}

/** The user for both of SCRAM's hashes: 1 is SHA-256, 2 is SHA-512. */
async function makeScramUsers(bootstrap: string): Promise<void> {
  const [host = '', port = ''] = bootstrap.split(':');
  const address = { host, port: Number(port) };
  const cluster = new Cluster({ bootstrap: [address], clientId: 'kineska-test' });
  const { username: name, password } = scramUser;
  // Kafka changes a user once in a request.
  for (const mechanism of [1, 2]) {
    const salt = randomBytes(16);
    const [size, hash] = mechanism === 1 ? [32, 'sha256'] : [64, 'sha512'];
    const saltedPassword = pbkdf2Sync(password, salt, iterations, Number(size), String(hash));
    const upsertions = [{ name, mechanism, iterations, salt, saltedPassword }];
    const answer = await cluster.request({ request, response }, { deletions: [], upsertions });
    const [result] = answer.results;
    if (result?.errorCode !== 0) throw new Error(`no user was made: ${result?.errorMessage}`);
  }
  cluster.close();
}
