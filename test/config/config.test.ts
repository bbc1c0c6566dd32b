import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { defaultCacheFolder } from '../../src/config/cache-folder.ts';
import { helpText, settingsTables } from '../../src/config/help.ts';
import { readConfig } from '../../src/config/read-config.ts';
import { ConfigError } from '../../src/config/setting.ts';
import { sections, settings } from '../../src/config/settings.ts';

function refusal(flags: readonly string[], environment: NodeJS.ProcessEnv = {}): string {
  try {
    readConfig(flags, environment);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.message;
  }
  return assert.fail('it was taken');
}

test('defaults are those of the documentation', () => {
  const config = readConfig([], { HOME: '/home/somebody' });
  assert.equal(config.kinesisPort, 4567);
  assert.equal(config.kafkaPort, 9092);
  assert.equal(config.dynamodbPort, 8000);
  assert.equal(config.opsPort, 9464);
  assert.equal(config.accountId, '000000000000');
  assert.equal(config.advertisedHost, '127.0.0.1');
});

test('a flag wins over its variable', () => {
  const config = readConfig(['--kinesis-port', '1'], { KINESKA_KINESIS_PORT: '2' });
  assert.equal(config.kinesisPort, 1);
  assert.equal(readConfig([], { KINESKA_KINESIS_PORT: '2' }).kinesisPort, 2);
});

test('an unknown flag or variable is an error that names the nearest known one', () => {
  assert.match(refusal(['--kinesis-prot', '1']), /Did you mean --kinesis-port\?/);
  assert.match(refusal([], { KINESKA_KAFKA_BOOTSTRP: 'a:1' }), /KINESKA_KAFKA_BOOTSTRAP\?/);
  assert.match(
    refusal(['--nosuch', '1']),
    /--nosuch is no setting of kineska\. See kineska --help/,
  );
  assert.match(refusal(['start']), /"start" is no flag/);
});

test('a bad value is an error that says what a good one is', () => {
  assert.match(refusal(['--kafka-port', 'x']), /--kafka-port .*whole number from 0 to 65535/);
  assert.match(refusal([], { KINESKA_LIMITS: 'none' }), /aws, off/);
  assert.match(refusal(['--account-id', '12']), /twelve digits/);
  assert.match(refusal(['--dynamodb-endpoint', 'localhost']), /endpoint URL/);
  assert.match(refusal(['--region']), /wants a value/);
  assert.match(refusal(['--tls-cert', 'a.pem']), /go together/);
});

test('listening beyond loopback without credentials is refused, and says what to set', () => {
  assert.match(refusal(['--host', '0.0.0.0']), /--insecure-bind/);
  const config = readConfig(['--host', '0.0.0.0', '--insecure-bind'], {});
  assert.equal(config.advertisedHost, '127.0.0.1');
});

test('the help and the documentation name every setting', () => {
  const page = readFileSync('docs/configuration.md', 'utf8');
  assert.ok(page.includes(settingsTables()), 'run npm run docs');
  for (const { flag } of Object.values(settings))
    assert.ok(helpText().includes(`--${flag} `), flag);
  const inSections = sections.flatMap((section) => section.settings);
  assert.deepEqual(new Set(inSections), new Set(Object.values(settings)));
});

test('settings of a secured cluster that do not fit together are refused', () => {
  const cluster = ['--kafka-bootstrap', 'a:1', '--kafka-security-protocol'];
  const scram = [...cluster, 'SASL_SSL', '--kafka-sasl-username', 'u'];
  assert.match(refusal(['--kafka-security-protocol', 'SSL']), /wants --kafka-bootstrap/);
  assert.match(refusal(scram), /SCRAM-SHA-512 wants .*KINESKA_KAFKA_SASL_PASSWORD/);
  assert.match(refusal([], { KINESKA_KAFKA_SASL_USERNAME: 'u' }), /would not be used/);
  assert.match(refusal([...cluster, 'SASL_PLAINTEXT', '--kafka-ssl-ca-file', 'f']), /SASL_SSL/);
  const oauth = [...cluster, 'SASL_SSL', '--kafka-sasl-mechanism', 'OAUTHBEARER'];
  assert.match(refusal(oauth), /--kafka-sasl-oauth-token-file or/);
  const both = [
    '--kafka-sasl-oauth-token-file',
    'f',
    '--kafka-sasl-oauth-token-endpoint',
    'http://a',
  ];
  assert.match(refusal([...oauth, ...both]), /one of the two/);
  const secret = { KINESKA_KAFKA_SASL_PASSWORD: 'hush' };
  assert.equal(readConfig(scram, secret).kafkaSaslPassword, 'hush');
});

test('one port for all brokers wants TLS and a certificate of its own', () => {
  const host = ['--kafka-tls-broker-host', 'broker-{id}.example'];
  assert.match(refusal(host), /want --kafka-tls/);
  assert.match(refusal([...host, '--kafka-tls']), /--kafka-tls-cert.*broker-\*\.example/);
  assert.match(refusal(['--kafka-tls-broker-host', 'broker.example']), /host name with \{id\}/);
});

test('brokers are declared by ids and ranges', () => {
  const idsOf = (list: string) => readConfig(['--kafka-broker-ids', list], {}).kafkaBrokerIds;
  assert.deepEqual(idsOf('1-3,7'), [1, 2, 3, 7]);
  assert.deepEqual(idsOf(''), []);
  for (const wrong of ['3-1', '1,,2', 'a', '1,1', '0-1000000'])
    assert.match(refusal(['--kafka-broker-ids', wrong]), /ids and ranges/, wrong);
});

test('the brokers to bootstrap from are hosts with ports', () => {
  const read = (list: string) => readConfig(['--kafka-bootstrap', list], {}).kafkaBootstrap;
  assert.deepEqual(read(''), []);
  assert.deepEqual(read('b-1.example:9092,10.0.0.2:19092'), [
    { host: 'b-1.example', port: 9092 },
    { host: '10.0.0.2', port: 19_092 },
  ]);
  for (const wrong of ['a', 'a:', ':1', 'a:0', 'a:65536', 'a:1,', 'a:1 ,b:2', 'http://a:1'])
    assert.match(refusal(['--kafka-bootstrap', wrong]), /must be host:port/, wrong);
});

test('origins of web pages are every one, some, or none', () => {
  const read = (list: string) => readConfig(['--allowed-origins', list], {}).allowedOrigins;
  assert.deepEqual(readConfig([], {}).allowedOrigins, ['*']);
  assert.deepEqual(read('http://a:3000,https://b'), ['http://a:3000', 'https://b']);
  assert.deepEqual(read(''), []);
  for (const wrong of ['a', 'http://a/', '*,http://a', 'http://a,'])
    assert.match(refusal(['--allowed-origins', wrong]), /must be origin/, wrong);
});

test('the folder of jars is in the cache folder of the user, or where a setting says', () => {
  assert.equal(defaultCacheFolder({ XDG_CACHE_HOME: '/c' }), '/c/kineska');
  assert.match(defaultCacheFolder({}), /\/\.cache\/kineska$/);
  assert.equal(readConfig([], { XDG_CACHE_HOME: '/c' }).cacheDir, '/c/kineska');
  assert.equal(readConfig(['--cache-dir', '/jars'], { XDG_CACHE_HOME: '/c' }).cacheDir, '/jars');
});
