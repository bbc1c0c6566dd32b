/**
 * The text that the terminal shows once everything is ready: endpoints, and commands for a first
 * success.
 */
import { join } from 'node:path';
import type { Config } from '../config/settings.ts';
import type { StartedPorts } from '../gateway/process.ts';
import type { ReadyMessage } from '../library.ts';

export type Endpoints = StartedPorts & {
  /** The endpoint of the embedded DynamoDB Local. */
  readonly dynamodbPort: number | undefined;
};

/** The message to a program that forked the gateway. */
export function readyMessage(config: Config, endpoints: Endpoints, folder: string): ReadyMessage {
  const { kinesis, kafka, dynamodb, operations } = addressesOf(config, endpoints);
  return {
    kineska: 'ready',
    endpoints: {
      ...{ kinesis, kafka, dynamodb, operations },
      kinesisTls: kinesis.replace('http:', 'https:'),
      certificate:
        config.tlsCert === '' ? join(folder, 'tls', 'tls-certificate.pem') : config.tlsCert,
      region: config.region,
      dataDir: folder,
    },
  };
}

function addressesOf(config: Config, endpoints: Endpoints) {
  const { kinesisPort, kafkaPort, opsPort, dynamodbPort } = endpoints;
  const host = config.advertisedHost.includes(':')
    ? `[${config.advertisedHost}]`
    : config.advertisedHost;
  return {
    kinesis: `http://${host}:${kinesisPort}`,
    kafka: `${host}:${kafkaPort}`,
    dynamodb:
      dynamodbPort === undefined ? config.dynamodbEndpoint : `http://127.0.0.1:${dynamodbPort}`,
    operations: `http://${host}:${opsPort}`,
  };
}

export function readyBlock(config: Config, endpoints: Endpoints, folder: string): string {
  const { kinesis, kafka, dynamodb, operations } = addressesOf(config, endpoints);
  const data = config.ephemeral ? `${folder} (thrown away at the end)` : folder;
  return `
kineska is ready.

  Kinesis     ${kinesis}   (https on the same port)
  Kafka       ${kafka}
  DynamoDB    ${dynamodb}
  Operations  ${operations}/metrics
  Data        ${data}

Put a record with the AWS CLI:

  export AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any AWS_DEFAULT_REGION=${config.region}
  aws --endpoint-url ${kinesis} kinesis create-stream --stream-name first --shard-count 2
  aws --endpoint-url ${kinesis} kinesis put-record --stream-name first \\
      --partition-key a --data aGVsbG8=

Read it with kcat:

  kcat -b ${kafka} -C -t first -e -f '%k: %s\\n'

`;
}
