/**
 * As kcl-and-kafka.full.test.ts, but with kill -9 in place of stopping: nothing is lost, and what
 * comes again lies behind the last checkpoint of the side that was killed.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shardIdOf } from '../../src/domain/streams/stream.ts';
import { sharedEngines } from '../support/engines.ts';
import { startGateway } from '../support/gateway.ts';
import { installClients } from '../support/install.ts';
import { openLeaseRows } from '../support/lease-rows.ts';
import {
  assertNoneLost,
  assertRepeatsBehind,
  checkpointsOf,
  forEachPair,
  handedByKafka,
  handedByKcl,
  numbered,
  oneGroup,
  oneGroupSettings,
  pairsTimeoutMs as timeout,
  untilHandedByKcl,
  waitMsMax,
} from '../support/loads/kcl-and-kafka.ts';

await Promise.all([sharedEngines(), installClients()]);

const count = 20_000;
/** Each side is killed when it was handed so many, while more come. */
const some = 5_000;

test(
  'a Kafka client is killed, KCL continues, is killed too, and a Kafka client continues',
  { timeout, concurrency: true },
  async (t) => {
    const gateway = await startGateway(t, { settings: oneGroupSettings });
    const rows = await openLeaseRows(t, gateway.dynamodb);
    await forEachPair(t, async (inner, pair) => {
      const { group, application, put, startMember } = await oneGroup(inner, gateway, pair);
      const first = await startMember();
      const putting = put(0, count / 2);
      await first.until('some records', () => first.records.length >= some, waitMsMax);
      await first.kill9();
      const byFirst = handedByKafka(first);
      const atFirstKill = await checkpointsOf(rows, group);
      for (const [partition, offset] of first.committed) {
        const position = atFirstKill.get(shardIdOf(partition)) ?? 0n;
        assert.ok(position >= BigInt(offset), `${position} was checkpointed, ${offset} told`);
      }
      await putting;
      const worker = application.startWorker();
      const wanted = numbered(count / 2);
      for (const { value } of byFirst) wanted.delete(value);
      await untilHandedByKcl(application, wanted);
      const handed = application.lines.length;
      const goingOn = put(count / 2, count);
      const isInFlow = () => application.lines.length >= handed + some / 10;
      await application.until(isInFlow, () => 'some more records');
      await worker.kill9();
      const byKcl = handedByKcl(application);
      const atSecondKill = await checkpointsOf(rows, group);
      await goingOn;
      const left = numbered(count);
      for (const { value } of [...byFirst, ...byKcl]) left.delete(value);
      const last = await startMember();
      let looked = 0;
      const isRead = () => {
        for (; looked < last.records.length; looked += 1) left.delete(last.records[looked]!.value);
        return left.size === 0;
      };
      await last.until('the rest', isRead, waitMsMax);
      await last.stop();
      const byLast = handedByKafka(last);
      const repeats = [
        assertRepeatsBehind(byFirst, byKcl, atFirstKill),
        assertRepeatsBehind([...byFirst, ...byKcl], byLast, atSecondKill),
      ];
      const counts = [byFirst, byKcl, byLast].map((each) => each.length);
      inner.diagnostic(`Kafka, KCL, Kafka: ${counts.join(', ')}; again: ${repeats.join(', ')}`);
      assertNoneLost([...byFirst, ...byKcl, ...byLast], count);
    });
  },
);
