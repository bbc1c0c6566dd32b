/**
 * A KCL application and the consumer group of its name are one: stop one, start the other, and it
 * continues at exactly the next record, both ways.
 */
import { test } from 'node:test';
import { sharedEngines } from '../support/engines.ts';
import { startGateway } from '../support/gateway.ts';
import { installClients } from '../support/install.ts';
import {
  assertEachOnce,
  forEachPair,
  handedByKafka,
  handedByKcl,
  numbered,
  oneGroup,
  pairsTimeoutMs as timeout,
  steadyFailoverMs as failoverMs,
  steadySettings as settings,
  untilHandedByKcl,
  waitMsMax,
} from '../support/loads/kcl-and-kafka.ts';

await Promise.all([sharedEngines(), installClients()]);

const count = 20_000;
const begun = 8_000;
/** With those that come on the way back. */
const countAll = 30_000;

test(
  'KCL stops, a Kafka client reads exactly the rest, and KCL continues after it',
  { timeout, concurrency: true },
  async (t) => {
    const gateway = await startGateway(t, { settings });
    await forEachPair(t, async (inner, { kind, client }) => {
      const pair = { kind: { ...kind, failoverMs }, client };
      const { application, put, startMember } = await oneGroup(inner, gateway, pair);
      await put(0, begun);
      const worker = application.startWorker();
      await application.untilSeen(begun);
      // Some of these it still reads, some it leaves behind.
      const putting = put(begun, count);
      await application.untilSeen(begun + 1);
      await worker.stop();
      await putting;
      const half = application.records.length;
      const member = await startMember();
      const rest = count - half;
      await member.until('the rest', () => member.records.length >= rest, waitMsMax);
      // And back: of what comes now the member reads some.
      const goingOn = put(count, countAll);
      const some = rest + (countAll - count) / 4;
      await member.until('some more', () => member.records.length >= some, waitMsMax);
      await member.stop();
      await goingOn;
      const ofKafka = handedByKafka(member);
      const wanted = numbered(countAll);
      for (const { value } of [...handedByKcl(application), ...ofKafka]) wanted.delete(value);
      application.startWorker();
      await untilHandedByKcl(application, wanted);
      await application.stop();
      inner.diagnostic(
        `KCL ${half}, Kafka ${ofKafka.length}, KCL ${application.records.length - half}`,
      );
      assertEachOnce([...handedByKcl(application), ...ofKafka], countAll);
    });
  },
);
