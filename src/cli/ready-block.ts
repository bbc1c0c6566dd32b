/** What the terminal shows once everything is ready: endpoints, and a first success to paste. */
import type { Config } from '../config/config.ts';

export type Endpoints = {
  readonly kinesisPort: number;
  readonly kafkaPort: number;
  readonly opsPort: number;
  /** Of the embedded DynamoDB Local. */
  readonly dynamodbPort: number | undefined;
};

export function readyBlock(config: Config, endpoints: Endpoints, folder: string): string {
  const { kinesisPort, kafkaPort, opsPort, dynamodbPort } = endpoints;
  const host = config.advertisedHost.includes(':')
    ? `[${config.advertisedHost}]`
    : config.advertisedHost;
  const kinesis = `http://${host}:${kinesisPort}`;
  const kafka = `${host}:${kafkaPort}`;
  const dynamodb =
    dynamodbPort === undefined ? config.dynamodbEndpoint : `http://127.0.0.1:${dynamodbPort}`;
  const data = config.ephemeral ? `${folder} (thrown away at the end)` : folder;
  return `
kineska is ready.

  Kinesis     ${kinesis}   (https on the same port)
  Kafka       ${kafka}
  DynamoDB    ${dynamodb}
  Operations  http://${host}:${opsPort}/metrics
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
