/** Queues as a client of the Kinesis API has them. */
import assert from 'node:assert/strict';
import { newName } from './doors.ts';
import type { Body, Door } from './gateways.ts';
import { untilTrue } from './until.ts';

export type ReceivedRecord = {
  readonly ReceiptHandle: string;
  readonly RecordId: string;
  readonly PartitionKey?: string;
  readonly Data: string;
  readonly ApproximateArrivalTimestamp: number;
  readonly FirstReceiveTimestamp: number;
  readonly ReceiveCount: number;
};

export type Results = {
  readonly Successful: readonly { readonly ReceiptHandle: string }[];
  readonly Failed: readonly {
    readonly ReceiptHandle: string;
    readonly ErrorCode: string;
    readonly ErrorMessage?: string;
  }[];
};

export function streamArn(name: string): string {
  return `arn:aws:kinesis:us-east-1:000000000000:stream/${name}`;
}

/** Fails if the call failed. */
export async function askWell(door: Door, action: string, body: Body): Promise<Body> {
  const answer = await door.ask(action, body);
  assert.equal(answer?.['__type'], undefined, `${action}: ${JSON.stringify(answer)}`);
  return answer;
}

/** An on-demand stream with four shards; answers its name when it is ACTIVE. */
export async function onDemandStream(door: Door): Promise<string> {
  const StreamName = newName();
  const StreamModeDetails = { StreamMode: 'ON_DEMAND' };
  await door.ask('CreateStream', { StreamName, StreamModeDetails });
  await untilTrue(`stream ${StreamName} to be ACTIVE`, async () => {
    const answer = await door.ask('DescribeStreamSummary', { StreamName });
    const summary = answer['StreamDescriptionSummary'] as Body | undefined;
    return summary?.['StreamStatus'] === 'ACTIVE';
  });
  return StreamName;
}

export async function queueStatus(door: Door, arn: string): Promise<unknown> {
  const answer = await door.ask('DescribeQueue', { QueueARN: arn });
  return (answer['QueueDescription'] as Body | undefined)?.['QueueStatus'];
}

/** Answers the queue's ARN when it is ACTIVE. */
export async function queueOn(
  door: Door,
  stream: string,
  attributes: Body = {},
  start: Body = { Type: 'TRIM_HORIZON' },
): Promise<string> {
  const { QueueDescription } = await askWell(door, 'CreateQueue', {
    QueueName: newName(),
    StreamConfigurationList: [{ StreamARN: streamArn(stream), StartingPosition: start }],
    QueueAttributes: attributes,
  });
  const arn = (QueueDescription as Body)['QueueARN'] as string;
  const isActive = async () => (await queueStatus(door, arn)) === 'ACTIVE';
  await untilTrue(`queue ${arn} to be ACTIVE`, isActive);
  return arn;
}

/** Puts these values under keys that reach all shards. */
export async function putValues(
  door: Door,
  StreamName: string,
  values: readonly string[],
): Promise<void> {
  for (let from = 0; from < values.length; from += 500) {
    const Records = values.slice(from, from + 500).map((value) => {
      return { PartitionKey: value, Data: Buffer.from(value).toString('base64') };
    });
    const answer = await askWell(door, 'PutRecords', { StreamName, Records });
    assert.equal(answer['FailedRecordCount'], 0);
  }
}

/** One queue through one gateway. */
export class QueueClient {
  readonly door: Door;
  readonly arn: string;

  constructor(door: Door, arn: string) {
    this.door = door;
    this.arn = arn;
  }

  receive(more: Body = {}): Promise<readonly ReceivedRecord[]> {
    return this.#receive('ReceiveQueueRecords', more);
  }

  receiveDead(more: Body = {}): Promise<readonly ReceivedRecord[]> {
    return this.#receive('ReceiveDeadLetterQueueRecords', more);
  }

  acknowledge(records: readonly ReceivedRecord[]): Promise<Results> {
    return this.settle('AcknowledgeQueueRecords', records);
  }

  extend(records: readonly ReceivedRecord[], VisibilityTimeoutSeconds: number): Promise<Results> {
    return this.settle('UpdateQueueRecordsVisibility', records, { VisibilityTimeoutSeconds });
  }

  async settle(
    action: string,
    records: readonly { readonly ReceiptHandle: string }[],
    more: Body = {},
  ): Promise<Results> {
    const Entries = records.map(({ ReceiptHandle }) => ({ ReceiptHandle, ...more }));
    return (await askWell(this.door, action, { QueueARN: this.arn, Entries })) as Results;
  }

  async #receive(action: string, more: Body): Promise<readonly ReceivedRecord[]> {
    const answer = await askWell(this.door, action, {
      QueueARN: this.arn,
      WaitTimeSeconds: 1,
      ...more,
    });
    return answer['QueueRecords'] as readonly ReceivedRecord[];
  }
}

export function textOf({ Data }: ReceivedRecord): string {
  return Buffer.from(Data, 'base64').toString();
}
