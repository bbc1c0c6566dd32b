/**
 * A web page that puts and gets with the AWS SDK for JavaScript, and by CBOR as other SDKs do. It
 * reports what it saw to the server that it came from.
 */
import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  PutRecordCommand,
  PutRecordsCommand,
} from '@aws-sdk/client-kinesis';
import { decode, encode } from 'cbor-x';

const given = new URL(import.meta.url).searchParams;
const endpoint = given.get('endpoint') ?? '';
const StreamName = given.get('stream') ?? '';
const cbor = 'application/x-amz-cbor-1.1';

const client = new KinesisClient({
  endpoint,
  region: 'us-east-1',
  credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
  maxAttempts: 1,
});
const bytesOf = (text: string) => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);

async function throughSdk(): Promise<object> {
  const put = await client.send(
    new PutRecordCommand({ StreamName, PartitionKey: 'k', Data: bytesOf('first') }),
  );
  const Records = ['second', 'third'].map((text) => ({ PartitionKey: 'k', Data: bytesOf(text) }));
  const { FailedRecordCount } = await client.send(new PutRecordsCommand({ StreamName, Records }));
  return { shard: put.ShardId, requestId: typeof put.$metadata.requestId, FailedRecordCount };
}

async function ask(action: string, input: object): Promise<Record<string, unknown>> {
  const answer = await fetch(endpoint, {
    method: 'POST',
    headers: { 'content-type': cbor, 'x-amz-target': `Kinesis_20131202.${action}` },
    body: new Uint8Array(encode(input)),
  });
  const body = decode(new Uint8Array(await answer.arrayBuffer())) as Record<string, unknown>;
  return { ...body, type: answer.headers.get('content-type') };
}

async function throughCbor(): Promise<unknown> {
  const Data = bytesOf('fourth');
  const put = await ask('PutRecord', { StreamName, PartitionKey: 'k', Data });
  return put['ShardId'];
}

async function read(): Promise<object> {
  const { ShardIterator } = await client.send(
    new GetShardIteratorCommand({
      StreamName,
      ShardId: 'shardId-000000000000',
      ShardIteratorType: 'TRIM_HORIZON',
    }),
  );
  const { Records = [] } = await client.send(new GetRecordsCommand({ ShardIterator }));
  const inCbor = await ask('GetRecords', { ShardIterator });
  const found = inCbor['Records'] as { Data: Uint8Array }[];
  return {
    records: Records.map(({ Data }) => textOf(Data)),
    inCbor: found.map(({ Data }) => textOf(Data)),
  };
}

async function refused(): Promise<string> {
  try {
    await client.send(new PutRecordCommand({ StreamName, PartitionKey: '', Data: bytesOf('x') }));
    return 'none';
  } catch (error) {
    return (error as Error).name;
  }
}

async function seen(): Promise<object> {
  try {
    const [json, shardOfCbor] = [await throughSdk(), await throughCbor()];
    return { json, shardOfCbor, ...(await read()), refused: await refused() };
  } catch (error) {
    return { failed: (error as Error).name, message: (error as Error).message };
  }
}

void seen().then((result) => fetch('/result', { method: 'POST', body: JSON.stringify(result) }));
