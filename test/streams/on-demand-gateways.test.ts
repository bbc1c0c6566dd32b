/** Several gateways that scale the same on-demand streams, on a clock that the test moves. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test, type TestContext } from 'node:test';
import { shardWriteBytesPerSecond } from '../../src/domain/limits/rate-limit.ts';
import { openShardsOf } from '../../src/domain/streams/shard-routing.ts';
import type { Stream } from '../../src/domain/streams/stream.ts';
import {
  idleStreamsEveryMs,
  measuringWindowMs,
  OnDemandScaling,
} from '../../src/streams/on-demand-scaling.ts';
import { ShardLimits } from '../../src/streams/limits/shard-limits.ts';
import { untilTrue } from '../support/until.ts';
import { type Gateway, openGateway } from '../support/gateways.ts';

const dayMs = 86_400_000;

type Scaler = {
  readonly gateway: Gateway;
  readonly limits: ShardLimits;
  readonly scaling: OnDemandScaling;
};

type Fleet = {
  readonly name: string;
  readonly scalers: readonly Scaler[];
  readonly problems: unknown[];
  readonly clock: { ms: number };
  stream(): Promise<Stream>;
};

/** So many gateways on one catalog, and an on-demand stream. */
async function openFleet(t: TestContext, count: number, shardCount: number): Promise<Fleet> {
  const table = `catalog-${randomUUID()}`;
  const clock = { ms: Date.now() };
  const problems: unknown[] = [];
  const scalers: Scaler[] = [];
  for (let nth = 0; nth < count; nth++) {
    const gateway = await openGateway(t, table);
    const limits = new ShardLimits({ nowMs: () => clock.ms });
    const { streams, reshardings } = gateway;
    const scaling = new OnDemandScaling({
      ...{ streams, reshardings, limits },
      clock: { nowMs: () => clock.ms },
      onProblem: (_stream, error) => void problems.push(error),
    });
    scalers.push({ gateway, limits, scaling });
  }
  const [{ gateway }] = scalers as [Scaler];
  const name = `fleet-${randomUUID()}`;
  await gateway.streams.create({ name, shardCount, mode: 'ON_DEMAND' });
  t.after(() => gateway.streams.delete(name).catch(() => {}));
  return { name, scalers, problems, clock, stream: () => gateway.streams.findNow(name) };
}

/** Writers use so much of each shard's rate for a window; then all gateways measure at once. */
async function passWindow(fleet: Fleet, share: number, users = fleet.scalers): Promise<void> {
  const stream = await fleet.stream();
  for (let second = 0; second < measuringWindowMs / 1000; second++) {
    fleet.clock.ms += 1_000;
    for (const { limits } of users) {
      for (const { index } of openShardsOf(stream)) {
        assert.equal(limits.takeWrite(stream, index, share * shardWriteBytesPerSecond, 1), 0);
      }
    }
  }
  await Promise.all(fleet.scalers.map(({ scaling }) => scaling.measure()));
  await untilTrue('ACTIVE', async () => (await fleet.stream()).status === 'ACTIVE');
}

test('gateways that see the same load at once grow a stream once', async (t) => {
  const fleet = await openFleet(t, 3, 4);
  await passWindow(fleet, 0.9);
  const grown = await fleet.stream();
  assert.equal(openShardsOf(grown).length, 8);
  assert.equal(grown.shards.length, 12, 'each shard was split once');
  for (let window = 0; window < 3; window++) await passWindow(fleet, 0.45);
  const kept = await fleet.stream();
  assert.deepEqual(kept.shards, grown.shards);
  assert.deepEqual(fleet.problems, []);
});

test('a gateway without writers does not take shards from those that have some', async (t) => {
  const fleet = await openFleet(t, 2, 4);
  const [busy] = fleet.scalers as [Scaler];
  await passWindow(fleet, 0.9, [busy]);
  assert.equal(openShardsOf(await fleet.stream()).length, 8);
  for (let minute = 0; minute < 3; minute++) {
    fleet.clock.ms += idleStreamsEveryMs + dayMs;
    await Promise.all(fleet.scalers.map(({ scaling }) => scaling.measure()));
    await passWindow(fleet, 0.45, [busy]);
    assert.equal(openShardsOf(await fleet.stream()).length, 8);
  }
  assert.deepEqual(fleet.problems, []);
});

test('gateways that find a stream idle at once merge its shards once a day', async (t) => {
  const fleet = await openFleet(t, 3, 16);
  const measure = async (aheadMs: number): Promise<number> => {
    fleet.clock.ms += aheadMs;
    await Promise.all(fleet.scalers.map(({ scaling }) => scaling.measure()));
    await untilTrue('ACTIVE', async () => (await fleet.stream()).status === 'ACTIVE');
    return openShardsOf(await fleet.stream()).length;
  };
  assert.equal(await measure(idleStreamsEveryMs), 16);
  assert.equal(await measure(31 * dayMs), 8);
  assert.equal(await measure(idleStreamsEveryMs), 8);
  assert.equal(await measure(dayMs), 4);
  assert.equal(await measure(dayMs), 4);
  assert.deepEqual(fleet.problems, []);
});

test('what a stream was used for before it was on-demand makes no peak', async (t) => {
  const fleet = await openFleet(t, 1, 4);
  const [{ gateway, limits, scaling }] = fleet.scalers as [Scaler];
  const { name, clock } = fleet;
  const provisioned = { ...(await fleet.stream()), mode: 'PROVISIONED' } as const;
  for (let second = 0; second < 100; second++) {
    clock.ms += 1_000;
    for (let shard = 0; shard < 4; shard++) {
      limits.takeWrite(provisioned, shard, shardWriteBytesPerSecond, 1);
    }
    if (second % 10 === 9) await scaling.measure();
  }
  // The first put of an on-demand stream, where puts of the provisioned one were before.
  limits.takeWrite(await gateway.streams.findNow(name), 0, 1, 1);
  clock.ms += measuringWindowMs;
  await scaling.measure();
  const { settings, shards } = await fleet.stream();
  assert.equal(settings?.onDemand?.peaks[0]?.bytesPerSecond, 2 * shardWriteBytesPerSecond);
  assert.equal(shards.length, 4);
});

test('a clock that is set back gives no rate, and measuring continues', async (t) => {
  const fleet = await openFleet(t, 1, 4);
  fleet.clock.ms -= 3_600_000;
  await passWindow(fleet, 0.9);
  assert.equal(openShardsOf(await fleet.stream()).length, 4);
  await passWindow(fleet, 0.9);
  assert.equal(openShardsOf(await fleet.stream()).length, 8);
  assert.deepEqual(fleet.problems, []);
});
