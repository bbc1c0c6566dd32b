/** A KCL application and the Kafka group of its name, one after the other, over one stream. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { parseSequenceNumber } from '../../../src/domain/records/sequence-number.ts';
import { shardIdOf } from '../../../src/domain/streams/stream.ts';
import type { Gateway } from '../gateway.ts';
import { createStream, kinesisClient, newName } from '../doors.ts';
import { type FollowerKind, followerKinds, startFollower } from './followers.ts';
import { KclApplication, type KclKind, putNumbered } from '../programs/kcl.ts';
import type { LeaseRows } from '../lease-rows.ts';

/** As the workers of the tests have it. */
export const oneGroupSettings = { KINESKA_LIMITS: 'off', KINESKA_LEASE_FAILOVER_MS: '3000' };

/**
 * KCL's default, for what must come exactly once: a worker that is held up for longer loses its
 * leases, and what it did since its last checkpoint comes again.
 */
export const steadyFailoverMs = 10_000;
export const steadySettings = {
  ...oneGroupSettings,
  KINESKA_LEASE_FAILOVER_MS: String(steadyFailoverMs),
};

/** Of a test of many pairs. */
export const pairsTimeoutMs = 840_000;
export const waitMsMax = 240_000;
const shardCount = 4;
const pairsAtOnce = 3;

export const kcl3: KclKind = { program: 'kcl3', mode: 'polling', scheme: 'http' };
export const kcl2: KclKind = { program: 'kcl2', mode: 'polling', scheme: 'https' };

export type Pair = { readonly kind: KclKind; readonly client: FollowerKind };

/** Every client beside KCL 3, and some beside KCL 2. */
export const pairs: readonly Pair[] = [
  ...Object.values(followerKinds).map((client) => ({ kind: kcl3, client })),
  { kind: kcl2, client: followerKinds.javaClassic },
  { kind: kcl2, client: followerKinds.kafkajs },
  { kind: kcl2, client: followerKinds.pythonConsumer },
];

/** A record that one side was handed. */
export type Handed = {
  readonly shard: string;
  /** Of the record after it. */
  readonly position: bigint;
  readonly value: string;
};

/** A few pairs at a time: they mostly wait. */
export async function forEachPair(
  t: TestContext,
  scenario: (t: TestContext, pair: Pair) => Promise<void>,
): Promise<void> {
  const waiting = [...pairs];
  const next = async (): Promise<void> => {
    for (let pair = waiting.shift(); pair !== undefined; pair = waiting.shift()) {
      const { kind, client } = pair;
      await t.test(`${kind.program} and ${client.name}`, (inner) =>
        scenario(inner, { kind, client }),
      );
    }
  };
  await Promise.all(Array.from({ length: pairsAtOnce }, next));
}

/** Both sides over a new stream, neither begun. */
export async function oneGroup(t: TestContext, gateway: Gateway, { kind, client }: Pair) {
  const stream = await createStream(gateway.kinesis, shardCount);
  const kinesis = kinesisClient(gateway.kinesis);
  t.after(() => kinesis.destroy());
  const application = await KclApplication.over(t, gateway, stream, kind, newName());
  return {
    group: application.name,
    stream,
    kinesis,
    application,
    put: (first: number, end: number) => putNumbered(kinesis, stream, first, end),
    startMember: () => startFollower(t, client, gateway.kafka, stream, application.name),
  };
}

export function handedByKcl(application: KclApplication): Handed[] {
  return application.records.map(({ shard, seq, value }) => {
    const { position } = parseSequenceNumber(seq) ?? {};
    assert.ok(position !== undefined, seq);
    return { shard, position, value: Buffer.from(value, 'base64').toString() };
  });
}

export function handedByKafka({ records }: { readonly records: readonly ReadAt[] }): Handed[] {
  return records.map(({ place, position, value }) => {
    return { shard: shardIdOf(Number(place)), position: BigInt(position) + 1n, value };
  });
}

type ReadAt = { readonly place: string; readonly position: string; readonly value: string };

/** Waits until the workers were handed each of `wanted`. */
export async function untilHandedByKcl(
  application: KclApplication,
  wanted: ReadonlySet<string>,
): Promise<void> {
  const missing = new Set(wanted);
  let looked = 0;
  const satisfied = () => {
    for (; looked < application.lines.length; looked += 1) {
      const line = application.lines[looked]!;
      if (line.event !== undefined) continue;
      missing.delete(Buffer.from(line.value, 'base64').toString());
    }
    return missing.size === 0;
  };
  await application.until(satisfied, () => `${missing.size} are missing: ${[...missing][0]}`);
}

export function numbered(count: number): Set<string> {
  return new Set(Array.from({ length: count }, (_, n) => `record-${n}`));
}

/** Where each shard's next record is, as the lease table has it. */
export async function checkpointsOf(
  rows: LeaseRows,
  group: string,
): Promise<ReadonlyMap<string, bigint>> {
  const leases = [...((await rows.all(group)) ?? [])].filter(([key]) => key.startsWith('shardId-'));
  return new Map(
    leases.map(([key, row]) => {
      const parts = parseSequenceNumber(row['checkpoint']?.S ?? '');
      return [key, parts?.position ?? 0n] as const;
    }),
  );
}

/** Each of `record-0` … was delivered once, to any consumer. */
export function assertEachOnce(handed: readonly Handed[], count: number): void {
  const times = timesOf(handed);
  const missing = [...numbered(count)].filter((value) => !times.has(value));
  const repeated = [...times].filter(([, each]) => each > 1).map(([value]) => value);
  assert.deepEqual({ missing, repeated }, { missing: [], repeated: [] });
  assert.equal(handed.length, count);
}

/** Each of `record-0` … was delivered at least once, to any consumer. */
export function assertNoneLost(handed: readonly Handed[], count: number): void {
  const times = timesOf(handed);
  const missing = [...numbered(count)].filter((value) => !times.has(value));
  assert.deepEqual(missing, []);
  assert.equal(times.size, count);
}

/** What comes again lies behind the checkpoints at which the side before was killed. */
export function assertRepeatsBehind(
  before: readonly Handed[],
  after: readonly Handed[],
  checkpoints: ReadonlyMap<string, bigint>,
): number {
  const known = new Set(before.map(({ value }) => value));
  const repeats = after.filter(({ value }) => known.has(value));
  const wrong = repeats.filter(({ shard, position }) => position <= (checkpoints.get(shard) ?? 0n));
  assert.deepEqual(wrong, []);
  return repeats.length;
}

function timesOf(handed: readonly Handed[]): ReadonlyMap<string, number> {
  const times = new Map<string, number>();
  for (const { value } of handed) times.set(value, (times.get(value) ?? 0) + 1);
  return times;
}
