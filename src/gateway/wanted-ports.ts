/** The ports that a gateway and its embedded engines will open. */
import type { Config } from '../config/settings.ts';

export function wantedPorts(config: Config) {
  const { host } = config;
  const doors = [
    { port: config.kinesisPort, host, what: 'the Kinesis API', flag: 'kinesis-port' },
    { port: config.kafkaPort, host, what: 'the Kafka protocol', flag: 'kafka-port' },
    { port: config.opsPort, host, what: 'operations', flag: 'ops-port' },
  ];
  const local = '127.0.0.1';
  const dynamodb = {
    port: config.dynamodbPort,
    host: local,
    what: 'DynamoDB Local',
    flag: 'dynamodb-port',
  };
  const kafka = {
    port: config.embeddedKafkaPort,
    host: local,
    what: 'the embedded Kafka',
    flag: 'embedded-kafka-port',
  };
  return [
    ...doors,
    ...(config.dynamodbEndpoint === '' ? [dynamodb] : []),
    ...(config.kafkaBootstrap.length === 0 ? [kafka] : []),
  ];
}
