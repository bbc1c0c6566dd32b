/** On-demand streams under a real load, through the product as users run it. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { untilTrue } from '../support/until.ts';
import { type Body, type Door, doorAt } from '../support/gateways.ts';
import { assertNothingStranded, readLineage, type Write } from '../support/checks/lineage.ts';

const writersOfGateway = 4;
const keysOfWriter = 24;
const dataBytes = 16 * 1024;
const growthTimeoutMs = 90_000;

/**
 * Each key has one record in flight; one that is refused is put again before the key's next, as a
 * producer does that keeps the order of keys.
 */
async function writeUntil(door: Door, name: string, writer: string, stop: AbortSignal) {
  const writes: Write[] = [];
  let refused = 0;
  const next = Array.from({ length: keysOfWriter }, () => 0);
  while (!stop.aborted) {
    const Records = next.map((number, nth) => ({
      PartitionKey: `${writer}-${nth}`,
      Data: Buffer.alloc(dataBytes, `${number} `).toString('base64'),
    }));
    const answer = await door.ask('PutRecords', { StreamName: name, Records });
    const results = answer['Records'] as Record<string, string>[];
    for (const [nth, { ShardId, SequenceNumber, ErrorCode }] of results.entries()) {
      if (ErrorCode === undefined) {
        const [key, number] = [Records[nth]!.PartitionKey, next[nth]!++];
        writes.push({ key, number, place: `${ShardId} ${SequenceNumber}` });
      } else {
        assert.equal(ErrorCode, 'ProvisionedThroughputExceededException');
        refused++;
      }
    }
  }
  return { writes, refused };
}

test('an on-demand stream grows under load through two gateways, and loses nothing', async (t) => {
  const doors: Door[] = [];
  const KINESKA_CATALOG_TABLE = `catalog-${randomUUID()}`;
  for (const KINESKA_LIMITS of ['aws', 'aws', 'off']) {
    const settings = { KINESKA_LIMITS, KINESKA_CATALOG_TABLE };
    doors.push(doorAt((await startGateway(t, { settings })).kinesis));
  }
  // The reader's has no limits, so that the test is short.
  const reader = doors.pop()!;
  const [one, other] = doors as [Door, Door];
  const name = `load-${randomUUID()}`;
  const StreamModeDetails = { StreamMode: 'ON_DEMAND' };
  await one.ask('CreateStream', { StreamName: name, StreamModeDetails });
  const summaryOf = async (): Promise<Body> => {
    const answer = await other.ask('DescribeStreamSummary', { StreamName: name });
    return answer['StreamDescriptionSummary'] as Body;
  };
  await untilTrue('ACTIVE', async () => (await summaryOf())['StreamStatus'] === 'ACTIVE');
  assert.equal((await summaryOf())['OpenShardCount'], 4);
  const stop = new AbortController();
  const writing = doors.flatMap((door, gateway) =>
    Array.from({ length: writersOfGateway }, (_, nth) =>
      writeUntil(door, name, `${gateway}-${nth}`, stop.signal),
    ),
  );
  // A failure of a writer is told when all are waited for.
  for (const each of writing) each.catch(() => stop.abort());
  const grown = async () =>
    Number((await summaryOf())['OpenShardCount']) >= 8 || stop.signal.aborted;
  await untilTrue('8 open shards', grown, growthTimeoutMs).finally(() => stop.abort());
  const written = await Promise.all(writing);
  const active = async () => (await summaryOf())['StreamStatus'] === 'ACTIVE';
  await untilTrue('ACTIVE', active);
  const writes = written.flatMap((each) => each.writes);
  t.diagnostic(
    `${writes.length} records, ${written.reduce((n, { refused }) => n + refused, 0)} refusals`,
  );
  assertNothingStranded(writes, await readLineage(reader, name, AbortSignal.abort()));
  await one.ask('DeleteStream', { StreamName: name });
});
