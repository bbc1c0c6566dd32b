/**
 * A gateway process is killed while it reshards; another one, with writers of its own, continues.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { type Door, doorAt } from '../support/gateways.ts';
import {
  assertNothingStranded,
  readLineage,
  type Write,
  writeUntil,
} from '../support/checks/lineage.ts';
import { merge, openShards, scale, split, statusOf, untilActive } from '../support/resharding.ts';

const writers = 4;
const writersOfVictim = 2;
const timeoutMs = 290_000;
/**
 * After the answer that the stream is UPDATING: while it drains (1 s), when it is sealed (0.1 s),
 * when shards close, in the next round if there is one, and after everything.
 */
const killAfterMs = [0, 900, 1_000, 1_060, 1_120, 1_180, 1_300, 2_200];

/** Until its gateway is killed, or it is stopped; answers what was acknowledged. */
async function writeUntilKilled(door: Door, name: string, writer: string, stop: AbortSignal) {
  const writes: Write[] = [];
  for (let number = 0; !stop.aborted; number++) {
    const Data = Buffer.from(String(number)).toString('base64');
    const record = { StreamName: name, PartitionKey: writer, Data };
    const answer = await door.ask('PutRecord', record).catch(() => undefined);
    if (answer === undefined) break;
    assert.equal(typeof answer['ShardId'], 'string', JSON.stringify(answer));
    writes.push({ key: writer, number, place: `${answer['ShardId']} ${answer['SequenceNumber']}` });
  }
  return writes;
}

/** In turn a split, a merge, and a change of the count in two rounds or more. */
async function reshard(door: Door, name: string, turn: number): Promise<void> {
  const count = (await openShards(door, name)).length;
  if (turn % 3 === 0 || count === 1) return split(door, name);
  if (turn % 3 === 1) return merge(door, name);
  return scale(door, name, count > 4 ? count - 1 : count + 1);
}

const options = { timeout: timeoutMs };

test('a gateway that is killed while it reshards strands nothing', options, async (t) => {
  const settings = { KINESKA_CATALOG_TABLE: `catalog-${randomUUID()}` };
  const survivor = doorAt((await startGateway(t, { settings })).kinesis);
  let victim: Gateway = await startGateway(t, { settings });
  const name = `killed-${randomUUID()}`;
  await survivor.ask('CreateStream', { StreamName: name, ShardCount: 2 });
  await untilActive(survivor, name);
  const stop = new AbortController();
  const writing = Array.from({ length: writers }, (_, nth) =>
    writeUntil(survivor, name, nth, stop.signal),
  );
  // A failure of a writer is told when all are waited for.
  for (const each of writing) each.catch(() => stop.abort());
  const reading = readLineage(survivor, name, stop.signal);
  reading.catch(() => stop.abort());
  const written: Write[] = [];
  let leftUpdating = 0;
  for (const [turn, afterMs] of killAfterMs.entries()) {
    if (stop.signal.aborted) break;
    const door = doorAt(victim.kinesis);
    const dying = Array.from({ length: writersOfVictim }, (_, nth) =>
      writeUntilKilled(door, name, `victim-${turn}-${nth}`, stop.signal),
    );
    await reshard(door, name, turn);
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    await victim.kill9();
    const status = await statusOf(survivor, name);
    if (status === 'UPDATING') leftUpdating++;
    const killedAt = performance.now();
    written.push(...(await Promise.all(dying)).flat());
    await untilActive(survivor, name);
    const tookMs = Math.round(performance.now() - killedAt);
    t.diagnostic(`killed after ${afterMs} ms, ${String(status)}; ACTIVE ${tookMs} ms later`);
    victim = await victim.again();
  }
  stop.abort();
  const writes = (await Promise.all(writing)).flat();
  const read = await reading;
  assert.ok(leftUpdating > 0, 'no gateway was killed in the middle');
  // Requests in flight at a killed gateway may be there or not; they were not acknowledged.
  const told = new Set(written.map(({ place }) => place));
  const untold = read.filter(({ key, place }) => key.startsWith('victim') && !told.has(place));
  assert.ok(untold.length <= killAfterMs.length * writersOfVictim);
  t.diagnostic(`${writes.length} and ${written.length} acknowledged, ${untold.length} untold`);
  assertNothingStranded([...writes, ...written, ...untold], read);
});
