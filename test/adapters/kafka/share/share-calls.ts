/** Calls of a ShareLog and what they return, in the terms of tests. */
import { Cluster } from '../../../../adapters/kafka/cluster.ts';
import type {
  Acquired,
  AcquireLimits,
  ShareGroup,
  ShareLog,
} from '../../../../src/ports/share-log.ts';
import { untilTrue } from '../../../support/until.ts';

/** Longer than any test takes. */
export const longLockMs = 3_600_000;
export const shortLockMs = 1_000;
/** Of a call that is not to wait, and of one that is to find something. */
export const few = { recordsMax: 10, bytesMax: 1024 * 1024, waitMsMax: 0 };
export const patient = { ...few, waitMsMax: 20_000 };

export function clusterOf(bootstrap: string): Cluster {
  const [host = '', port] = bootstrap.split(':');
  return new Cluster({ bootstrap: [{ host, port: Number(port) }], clientId: 'test' });
}

export function textsOf({ records }: Acquired): (string | undefined)[] {
  return records.map(({ value }) => value?.toString());
}

/** Values with their counts of deliveries. */
export function countsOf({ records }: Acquired): string[] {
  return records.map(({ value, deliveryCount }) => `${value} ${deliveryCount}`);
}

export function verdictsOn({ records }: Acquired, verdict: 'accept' | 'release') {
  return records.map(({ partition, offset }) => ({ partition, offset, verdict }));
}

/** Acquires and accepts until there are so many records; what came, in order. */
export async function takeAll(
  shares: ShareLog,
  group: ShareGroup,
  count: number,
  limits: AcquireLimits = few,
): Promise<string[]> {
  const taken: string[] = [];
  await untilTrue(`${count} records`, async () => {
    const acquired = await shares.acquire(group, [0], limits);
    taken.push(...countsOf(acquired));
    await shares.settle(group, acquired.member, verdictsOn(acquired, 'accept'));
    return taken.length >= count;
  });
  return taken;
}
