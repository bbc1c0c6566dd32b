/** docker-compose.yml and the Dockerfile, held against the settings and a start of the same. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import { shareGroupBounds } from '../adapters/engines/embedded-kafka.ts';
import { readConfig } from '../src/config/read-config.ts';
import { variableOf } from '../src/config/setting.ts';
import { settings } from '../src/config/settings.ts';
import { sharedEngines } from './support/engines.ts';
import { startGateway } from './support/gateway.ts';

type Service = {
  readonly image?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly healthcheck?: unknown;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
};

const compose = parse(readFileSync('docker-compose.yml', 'utf8')) as {
  readonly services: Readonly<Record<string, Service>>;
};
const gateway = compose.services['gateway']!;

await sharedEngines();

test('every KINESKA_ variable of the compose file and the Dockerfile is a setting', () => {
  const known = Object.values(settings).map(({ flag }) => variableOf(flag));
  const inDockerfile = readFileSync('Dockerfile', 'utf8').match(/KINESKA_[A-Z_]+/g) ?? [];
  for (const name of [...Object.keys(gateway.environment!), ...inDockerfile]) {
    assert.ok(known.includes(name), name);
  }
  readConfig([], { ...gateway.environment });
});

test('images are pinned, services have health checks, and ports are on loopback', () => {
  for (const [name, { image, healthcheck, ports = [] }] of Object.entries(compose.services)) {
    if (image !== undefined) assert.match(image, /^[\w./-]+:\d[\w.]*$/, name);
    assert.ok(healthcheck !== undefined, `${name} has no health check`);
    for (const port of ports) assert.match(port, /^127\.0\.0\.1:(\d+):\1$/, name);
  }
  for (const { condition } of Object.values(gateway.depends_on!)) {
    assert.equal(condition, 'service_healthy');
  }
});

test('the published ports of the gateway are the defaults of its settings', () => {
  const { kinesisPort, kafkaPort, opsPort } = settings;
  const published = gateway.ports!.map((port) => Number(port.split(':')[2]));
  assert.deepEqual(published, [kinesisPort.default, kafkaPort.default, opsPort.default]);
});

test('the images are of the versions that the embedded engines are of', () => {
  for (const [service, pom] of [
    ['kafka', 'adapters/engines/kafka-pom.xml'],
    ['dynamodb', 'adapters/engines/dynamodb-local-pom.xml'],
  ] as const) {
    const version = /<version>(\d+\.[\d.]+)<\/version>/.exec(readFileSync(pom, 'utf8'))?.[1];
    assert.equal(compose.services[service]!.image!.split(':')[1], version);
  }
});

test('share groups have the bounds that the embedded Kafka gives them', () => {
  const environment = Object.entries(compose.services['kafka']!.environment!);
  const bounds = environment.filter(([name]) => name.startsWith('KAFKA_GROUP_SHARE_'));
  const variable = (name: string) => `KAFKA_${name.toUpperCase().replaceAll('.', '_')}`;
  assert.deepEqual(
    new Map(bounds.map(([name, value]) => [name, String(value)])),
    new Map(Object.entries(shareGroupBounds).map(([name, value]) => [variable(name), value])),
  );
});

test('the gateway starts with the environment of the compose file', async (t) => {
  const { KINESKA_DATA_DIR: _data, KINESKA_HOST: _host, ...environment } = gateway.environment!;
  const { kafkaBootstrap, dynamodbEndpoint } = await sharedEngines();
  const running = await startGateway(t, {
    settings: {
      ...environment,
      KINESKA_HOST: '127.0.0.1',
      KINESKA_KAFKA_BOOTSTRAP: kafkaBootstrap,
      KINESKA_DYNAMODB_ENDPOINT: dynamodbEndpoint,
    },
  });
  const ready = await fetch(`${running.operations}/readyz`);
  assert.equal(ready.status, 200);
});
