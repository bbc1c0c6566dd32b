/**
 * `kineska read STREAM`: prints the records of a stream as JSON lines, through the Kinesis door of
 * a running gateway. Values that a schema registry's serializers wrote are decoded.
 */
import { openRegistryDecoder } from '../../adapters/schema-registry/value-decoder.ts';
import { ConfigError } from '../config/setting.ts';
import type { Config } from '../config/settings.ts';
import { GatewayError } from '../domain/errors.ts';
import type { ValueDecoder } from '../ports/value-decoder.ts';

type Shard = { readonly ShardId: string };
type Record = {
  readonly SequenceNumber: string;
  /** Absent for records without one in streams that spread their records. */
  readonly PartitionKey?: string;
  readonly Data: string;
  readonly ApproximateArrivalTimestamp: number;
};
type Records = {
  readonly Records: readonly Record[];
  readonly NextShardIterator?: string;
  readonly MillisBehindLatest: number;
};

/** `words` are the arguments after `read`: the name of the stream. */
export async function read(words: readonly string[], config: Config): Promise<void> {
  const [stream, ...rest] = words;
  if (stream === undefined || rest.length > 0) {
    throw new ConfigError('"kineska read" wants the name of one stream: kineska read STREAM.');
  }
  const decoder =
    config.schemaRegistry === '' ? undefined : await openRegistryDecoder(config.schemaRegistry);
  const endpoint = `http://${config.advertisedHost}:${config.kinesisPort}`;
  const { Shards } = await call<{ Shards: Shard[] }>(endpoint, 'ListShards', {
    StreamName: stream,
  });
  for (const { ShardId } of Shards) await readShard(endpoint, stream, ShardId, decoder);
}

/** From the oldest record to the end of the log, or of a closed shard. */
async function readShard(
  endpoint: string,
  StreamName: string,
  ShardId: string,
  decoder: ValueDecoder | undefined,
): Promise<void> {
  const start = { StreamName, ShardId, ShardIteratorType: 'TRIM_HORIZON' };
  const first = await call<{ ShardIterator: string }>(endpoint, 'GetShardIterator', start);
  let iterator: string | undefined = first.ShardIterator;
  while (iterator !== undefined) {
    const answer: Records = await call(endpoint, 'GetRecords', { ShardIterator: iterator });
    for (const record of answer.Records) {
      const line = JSON.stringify(await shown(ShardId, record, decoder));
      process.stdout.write(`${line}\n`);
    }
    const atTip = answer.MillisBehindLatest === 0 && answer.Records.length === 0;
    iterator = atTip ? undefined : answer.NextShardIterator;
  }
}

async function shown(shard: string, record: Record, decoder: ValueDecoder | undefined) {
  const data = Buffer.from(record.Data, 'base64');
  const decoded = await decoder?.decode(data);
  return {
    shard,
    sequenceNumber: record.SequenceNumber,
    partitionKey: record.PartitionKey,
    arrived: new Date(record.ApproximateArrivalTimestamp * 1000).toISOString(),
    ...(decoded === undefined ? textOrBytes(data) : { value: decoded }),
  };
}

/** Text as it is; other data in base64. */
function textOrBytes(data: Buffer) {
  const text = data.toString('utf8');
  return Buffer.from(text).equals(data) ? { value: text } : { base64: data.toString('base64') };
}

async function call<T>(endpoint: string, action: string, input: object): Promise<T> {
  let response: Response;
  try {
    response = await fetch(endpoint, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `Kinesis_20131202.${action}`,
      },
      body: JSON.stringify(input),
    });
  } catch (cause) {
    const message = `no gateway answers at ${endpoint}: start one, or set --kinesis-port.`;
    throw new GatewayError('unavailable', message, { cause });
  }
  const answer = (await response.json()) as T & { message?: string; __type?: string };
  if (response.ok) return answer;
  throw new GatewayError('invalid-argument', `${answer.__type}: ${answer.message ?? ''}`);
}
