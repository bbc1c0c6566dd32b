/**
 * Load on a Kinesis API, the same for every server: requests written by hand over keep-alive
 * connections, because an SDK would take more of the machine than the servers do.
 */
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';

const host = '127.0.0.1';
const activeTimeoutMs = 20_000;
const pollEveryMs = 20;

export type Client = {
  call(action: string, body: object | Buffer): Promise<Buffer>;
  ask(action: string, body: object): Promise<Record<string, unknown>>;
  close(): void;
};

export function openClient(port: number): Client {
  const idle: Connection[] = [];
  const all = new Set<Connection>();
  const call = async (action: string, body: object | Buffer): Promise<Buffer> => {
    const bytes = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
    // Servers close connections that were idle while another server had its turn.
    let connection = idle.pop();
    while (connection?.usable === false) connection = idle.pop();
    if (connection === undefined) all.add((connection = new Connection(port)));
    const { status, answer } = await connection.exchange(headOf(action, bytes), bytes);
    idle.push(connection);
    if (status !== 200) throw new Error(`${action}: ${status} ${answer.toString()}`);
    return answer;
  };
  return {
    call,
    async ask(action, body) {
      const answer = (await call(action, body)).toString();
      return answer === '' ? {} : (JSON.parse(answer) as Record<string, unknown>);
    },
    close() {
      for (const connection of all) connection.close();
    },
  };
}

type Answer = { readonly status: number; readonly answer: Buffer };

/**
 * One request at a time over HTTP/1.1. Node's own client takes as long for a small request as the
 * servers do for answering it.
 */
class Connection {
  readonly #socket: Socket;
  #chunks: Buffer[] = [];
  #size = 0;
  /** Bytes of the whole answer, once its head is there; 0 for one that comes in chunks. */
  #wanted = -1;
  #resolve: (answer: Answer) => void = () => {};
  #reject: (error: Error) => void = () => {};

  constructor(port: number) {
    this.#socket = connect({ host, port, noDelay: true });
    this.#socket.on('data', (chunk: Buffer) => this.#take(chunk));
    this.#socket.on('error', (error) => this.#reject(error));
    this.#socket.on('close', () => this.#reject(new Error('the server closed a connection')));
  }

  get usable(): boolean {
    return this.#socket.writable && !this.#socket.readableEnded;
  }

  close(): void {
    this.#socket.destroy();
  }

  exchange(head: string, body: Buffer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      this.#socket.cork();
      this.#socket.write(head, 'latin1');
      this.#socket.write(body);
      this.#socket.uncork();
    });
  }

  #take(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size < this.#wanted) return;
    const bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks, this.#size);
    const headEnd = bytes.indexOf('\r\n\r\n') + 4;
    if (headEnd < 4) return;
    const head = bytes.toString('latin1', 0, headEnd);
    const length = contentLength.exec(head)?.[1];
    this.#wanted = length === undefined ? 0 : headEnd + Number(length);
    if (this.#size < this.#wanted) return;
    if (length === undefined && !bytes.subarray(-lastChunk.length).equals(lastChunk)) return;
    this.#chunks = [];
    this.#size = 0;
    this.#wanted = -1;
    const answer = bytes.subarray(headEnd);
    this.#resolve({
      status: Number(head.slice(9, 12)),
      answer: length === undefined ? joinChunks(answer) : answer,
    });
  }
}

const contentLength = /\r\ncontent-length: *(\d+)/i;
const lastChunk = Buffer.from('0\r\n\r\n');

/** The body of an answer that came with `transfer-encoding: chunked`. */
function joinChunks(bytes: Buffer): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; ;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    if (!(size > 0)) return Buffer.concat(pieces);
    pieces.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
}

/** Peers want the form of a signature, and look no further. */
function headOf(action: string, { length }: Buffer): string {
  return (
    `POST / HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/x-amz-json-1.1\r\n` +
    `content-length: ${length}\r\nx-amz-target: Kinesis_20131202.${action}\r\n` +
    'x-amz-date: 20260101T000000Z\r\nauthorization: AWS4-HMAC-SHA256 ' +
    'Credential=a/20260101/us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=0\r\n\r\n'
  );
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
