/** Clients of both doors that the tests themselves use, and names for what they make. */
import { CreateStreamCommand, KinesisClient } from '@aws-sdk/client-kinesis';
import kafkajs from 'kafkajs';

let names = 0;

/** A name that no other test of the run has: the engines are shared. */
export const newName = (): string => `clients-${process.pid}-${names++}`;

export function kinesisClient(endpoint: string): KinesisClient {
  const credentials = { accessKeyId: 'any', secretAccessKey: 'any' };
  return new KinesisClient({ endpoint, region: 'us-east-1', credentials });
}

export function kafkaClient(bootstrap: string | readonly string[]): kafkajs.Kafka {
  const brokers = [bootstrap].flat();
  return new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING });
}

/** Answers the name of a new stream. */
export async function createStream(endpoint: string, ShardCount = 4): Promise<string> {
  const StreamName = newName();
  const client = kinesisClient(endpoint);
  await client.send(new CreateStreamCommand({ StreamName, ShardCount }));
  client.destroy();
  return StreamName;
}

const waitTimeoutMs = 60_000;

/** A promise that fails with what is missing when it takes too long. */
export function untilResolved(
  begin: (resolve: () => void, reject: (error: Error) => void) => void,
  missing: () => string,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const waiting = new Promise<void>((resolve, reject) => {
    const giveUp = () => reject(new Error(`after ${waitTimeoutMs} ms ${missing()}`));
    timer = setTimeout(giveUp, waitTimeoutMs);
    begin(resolve, reject);
  });
  return waiting.finally(() => clearTimeout(timer));
}
