/**
 * The AWS SDK for JavaScript 3 as its users run it: every core action once; what was seen as one
 * JSON line. This SDK speaks HTTP/2 to Kinesis.
 *
 *   actions.ts ENDPOINT STREAM
 *
 * The programs in Java and Python run the same scenario, with the same words for what was seen.
 */
import {
  AddTagsToStreamCommand,
  CreateStreamCommand,
  DecreaseStreamRetentionPeriodCommand,
  DeleteStreamCommand,
  DescribeStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type GetShardIteratorCommandInput,
  IncreaseStreamRetentionPeriodCommand,
  InvalidArgumentException,
  KinesisClient,
  ListShardsCommand,
  ListStreamsCommand,
  ListTagsForStreamCommand,
  PutRecordCommand,
  PutRecordsCommand,
  RemoveTagsFromStreamCommand,
  ResourceNotFoundException,
  waitUntilStreamExists,
  waitUntilStreamNotExists,
} from '@aws-sdk/client-kinesis';

const [endpoint = '', StreamName = ''] = process.argv.slice(2);
const waiter = { maxWaitTime: 60, minDelay: 1, maxDelay: 1 };
const freshMs = 600_000;
const hourMs = 3_600_000;

const client = new KinesisClient({
  endpoint,
  region: 'us-east-1',
  credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
});

async function isListed(): Promise<boolean> {
  const { StreamNames } = await client.send(new ListStreamsCommand({}));
  return StreamNames!.includes(StreamName);
}

async function administration() {
  await client.send(new CreateStreamCommand({ StreamName, ShardCount: 2 }));
  await waitUntilStreamExists({ client, ...waiter }, { StreamName });
  const listed = await isListed();
  const described = await client.send(new DescribeStreamCommand({ StreamName }));
  await client.send(new AddTagsToStreamCommand({ StreamName, Tags: { team: 'a', cost: 'b' } }));
  await client.send(new RemoveTagsFromStreamCommand({ StreamName, TagKeys: ['cost'] }));
  const tagged = await client.send(new ListTagsForStreamCommand({ StreamName }));
  const hours = (RetentionPeriodHours: number) => ({ StreamName, RetentionPeriodHours });
  await client.send(new IncreaseStreamRetentionPeriodCommand(hours(48)));
  await client.send(new DecreaseStreamRetentionPeriodCommand(hours(36)));
  const summary = await client.send(new DescribeStreamSummaryCommand({ StreamName }));
  return {
    listed,
    status: described.StreamDescription!.StreamStatus,
    shards: described.StreamDescription!.Shards!.length,
    retention: described.StreamDescription!.RetentionPeriodHours,
    tags: tagged.Tags!.map(({ Key, Value }) => `${Key}=${Value}`),
    retentionNow: summary.StreamDescriptionSummary!.RetentionPeriodHours,
    open: summary.StreamDescriptionSummary!.OpenShardCount,
  };
}

async function put(value: string) {
  const record = { StreamName, PartitionKey: 'k', Data: Buffer.from(value) };
  return client.send(new PutRecordCommand(record));
}

async function readAndWrite() {
  const first = await put('first');
  const { ShardId } = first;
  const Records = ['a', 'b', 'c'].map((text) => ({ PartitionKey: 'k', Data: Buffer.from(text) }));
  const putTogether = await client.send(new PutRecordsCommand({ StreamName, Records }));
  const a = putTogether.Records![0]!.SequenceNumber!;
  const iterator = async (how: Partial<GetShardIteratorCommandInput>) => {
    const given = { StreamName, ShardId, ...how } as GetShardIteratorCommandInput;
    return (await client.send(new GetShardIteratorCommand(given))).ShardIterator;
  };
  const records = async (ShardIterator: string | undefined) =>
    (await client.send(new GetRecordsCommand({ ShardIterator }))).Records!;
  const values = async (from: string | undefined) =>
    (await records(from)).map(({ Data }) => Buffer.from(Data!).toString());
  const listed = await client.send(new ListShardsCommand({ StreamName }));
  const start = await iterator({ ShardIteratorType: 'TRIM_HORIZON' });
  const [one, two] = await records(start);
  const at = one!.ApproximateArrivalTimestamp!;
  const latest = await iterator({ ShardIteratorType: 'LATEST' });
  const bySequence = async (kind: 'AT_SEQUENCE_NUMBER' | 'AFTER_SEQUENCE_NUMBER') =>
    values(await iterator({ ShardIteratorType: kind, StartingSequenceNumber: a }));
  const byTime = (ms: number) =>
    iterator({ ShardIteratorType: 'AT_TIMESTAMP', Timestamp: new Date(ms) });
  const seen = {
    failed: putTogether.FailedRecordCount,
    oneShard: putTogether.Records!.every((each) => each.ShardId === ShardId),
    shardIds: listed.Shards!.map((each) => each.ShardId),
    trimHorizon: await values(start),
    sameSequence: one!.SequenceNumber === first.SequenceNumber && two!.SequenceNumber === a,
    fresh: Math.abs(Date.now() - at.getTime()) < freshMs,
    atSequence: await bySequence('AT_SEQUENCE_NUMBER'),
    afterSequence: await bySequence('AFTER_SEQUENCE_NUMBER'),
    atTimestamp: await values(await byTime(at.getTime())),
    atFutureTimestamp: await refused(byTime(at.getTime() + hourMs), InvalidArgumentException),
  };
  await put('last');
  return { ...seen, latest: await values(latest) };
}

async function refused(call: Promise<unknown>, kind: abstract new (...given: never[]) => Error) {
  try {
    await call;
    return 'not refused';
  } catch (error) {
    if (!(error instanceof kind)) throw error;
    return error.name;
  }
}

const described = await administration();
const records = await readAndWrite();
const nowhere = { StreamName: `${StreamName}-none`, PartitionKey: 'k', Data: Buffer.from('x') };
const missing = await refused(
  client.send(new PutRecordCommand(nowhere)),
  ResourceNotFoundException,
);
await client.send(new DeleteStreamCommand({ StreamName }));
await waitUntilStreamNotExists({ client, ...waiter }, { StreamName });
const seen = { ...described, ...records, missing, listedAfterDelete: await isListed() };
process.stdout.write(`${JSON.stringify(seen)}\n`);
client.destroy();
