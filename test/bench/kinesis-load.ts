/**
 * Load on a Kinesis API, the same for every server: requests written by hand over keep-alive
 * connections, because an SDK would take more of the machine than the servers do.
 */
import { randomBytes } from 'node:crypto';
import { Agent, request } from 'node:http';

const host = '127.0.0.1';
const connectionsMax = 64;
const activeTimeoutMs = 20_000;
const pollEveryMs = 20;

export type Client = {
  call(action: string, body: object | Buffer): Promise<Buffer>;
  ask(action: string, body: object): Promise<Record<string, unknown>>;
  close(): void;
};

export function openClient(port: number): Client {
  const agent = new Agent({ keepAlive: true, maxSockets: connectionsMax });
  const call = (action: string, body: object | Buffer): Promise<Buffer> => {
    const bytes = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
    return new Promise((resolve, reject) => {
      const sent = request(
        { agent, host, port, method: 'POST', path: '/', headers: headersOf(action, bytes) },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.once('error', reject);
          response.once('end', () => {
            const answer = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
            if (response.statusCode === 200) resolve(answer);
            else reject(new Error(`${action}: ${response.statusCode} ${answer.toString()}`));
          });
        },
      );
      sent.once('error', reject);
      sent.end(bytes);
    });
  };
  return {
    call,
    async ask(action, body) {
      const answer = (await call(action, body)).toString();
      return answer === '' ? {} : (JSON.parse(answer) as Record<string, unknown>);
    },
    close: () => agent.destroy(),
  };
}

/** Peers want the form of a signature, and look no further. */
function headersOf(action: string, { length }: Buffer) {
  return {
    'content-type': 'application/x-amz-json-1.1',
    'content-length': length,
    'x-amz-target': `Kinesis_20131202.${action}`,
    'x-amz-date': '20260101T000000Z',
    authorization:
      'AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/kinesis/aws4_request, ' +
      'SignedHeaders=host, Signature=0',
  };
}

export async function createStream(client: Client, name: string, shards: number): Promise<void> {
  await client.call('CreateStream', { StreamName: name, ShardCount: shards });
  const giveUpAtMs = Date.now() + activeTimeoutMs;
  while (Date.now() < giveUpAtMs) {
    const { StreamDescriptionSummary: summary } = await client.ask('DescribeStreamSummary', {
      StreamName: name,
    });
    if ((summary as { StreamStatus: string }).StreamStatus === 'ACTIVE') return;
    await new Promise((resolve) => setTimeout(resolve, pollEveryMs));
  }
  throw new Error(`${name} does not become active`);
}

/** Random data, so that no server gains by its being alike. */
export function putRecordsBody(name: string, count: number, recordBytes: number): Buffer {
  const records = Array.from({ length: count }, () => ({
    PartitionKey: randomBytes(8).toString('hex'),
    Data: randomBytes(recordBytes).toString('base64'),
  }));
  return Buffer.from(JSON.stringify({ StreamName: name, Records: records }));
}

export function putRecordBody(name: string, recordBytes: number): Buffer {
  return Buffer.from(
    JSON.stringify({
      StreamName: name,
      PartitionKey: randomBytes(8).toString('hex'),
      Data: randomBytes(recordBytes).toString('base64'),
    }),
  );
}

/** Runs `work` so many times at once for that long; answers how much it did in a second. */
export async function rateOf(
  inFlight: number,
  durationMs: number,
  work: () => Promise<number>,
): Promise<number> {
  const startedMs = performance.now();
  let done = 0;
  const run = async () => {
    while (performance.now() - startedMs < durationMs) {
      // Not `done += await …`, which would forget what others did meanwhile.
      const units = await work();
      done += units;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, run));
  return (done / (performance.now() - startedMs)) * 1000;
}

export async function iteratorOf(
  client: Client,
  name: string,
  type: 'TRIM_HORIZON' | 'LATEST',
): Promise<string> {
  const { ShardIterator } = await client.ask('GetShardIterator', {
    StreamName: name,
    ShardId: 'shardId-000000000000',
    ShardIteratorType: type,
  });
  return ShardIterator as string;
}

const nextIterator = /"NextShardIterator":"([^"]+)"/;

/** Reads a shard of so many records from its start to its end; answers how many it read. */
export async function scan(client: Client, name: string, records: number): Promise<number> {
  let iterator = await iteratorOf(client, name, 'TRIM_HORIZON');
  let seen = 0;
  while (seen < records) {
    const answer = await client.call('GetRecords', { ShardIterator: iterator, Limit: 10_000 });
    // Not parsed whole: the time of the reader is not what is measured.
    const text = answer.toString('latin1');
    for (let at = text.indexOf('"PartitionKey"'); at !== -1;) {
      seen++;
      at = text.indexOf('"PartitionKey"', at + 1000);
    }
    iterator = nextIterator.exec(text)?.[1] ?? '';
  }
  return seen;
}

/** Milliseconds from the call of PutRecord until GetRecords has shown the record. */
export async function putToGetMs(client: Client, name: string, count: number): Promise<number[]> {
  const times: number[] = [];
  let iterator = await iteratorOf(client, name, 'LATEST');
  for (let index = 0; index < count; index++) {
    const startedMs = performance.now();
    await client.call('PutRecord', putRecordBody(name, 1024));
    for (let records: unknown[] = []; records.length === 0;) {
      const answer = await client.ask('GetRecords', { ShardIterator: iterator });
      records = answer['Records'] as unknown[];
      iterator = answer['NextShardIterator'] as string;
    }
    times.push(performance.now() - startedMs);
  }
  return times;
}
