/**
 * What the workers and members of one group did, each by its own account, and who owned which lease
 * meanwhile; and the invariants that must hold, whichever process joined, left or was killed. Pure.
 *
 * All accounts are of one machine's clock.
 */
import assert from 'node:assert/strict';

/** A record that a process was handed. */
export type Handed = {
  readonly process: string;
  readonly atMs: number;
  readonly offset: number;
  readonly record: number;
};

/** A commit or checkpoint that a process was told is made. */
export type Committed = {
  readonly process: string;
  readonly askedMs: number;
  readonly atMs: number;
  /** The next record to read. */
  readonly offset: number;
};

/** Who owned a lease when the table was read, between the two times; undefined for nobody. */
export type Owned = {
  readonly fromMs: number;
  readonly atMs: number;
  readonly owner: string | undefined;
  /** Who still works on it while it is being handed over to the owner. */
  readonly handingOver: string | undefined;
};

export type ShardLog = {
  readonly handed: Handed[];
  readonly committed: Committed[];
  readonly owned: Owned[];
};

/** By shard index. */
export type FleetLog = ReadonlyMap<number, ShardLog>;

/** Records that one process was handed one after the other. */
export type Stretch = {
  readonly process: string;
  readonly shard: number;
  readonly fromMs: number;
  /** When it was handed the last of them. */
  toMs: number;
  readonly first: number;
  last: number;
};

/** Fails with the first few of what is wrong. */
function assertNone(what: string, wrong: readonly unknown[]): void {
  assert.equal(wrong.length, 0, `${what}:\n${wrong.slice(0, 5).map(show).join('\n')}`);
}

function show(each: unknown): string {
  return JSON.stringify(each);
}

export function stretchesOf(log: FleetLog): readonly Stretch[] {
  return [...log].flatMap(([shard, { handed }]) => stretchesIn(shard, handed));
}

/** A process starts over if it goes back, or if records were left to others. */
function stretchesIn(shard: number, handed: readonly Handed[]): Stretch[] {
  const offsets = [...new Set(handed.map(({ offset }) => offset))].toSorted((a, b) => a - b);
  const next = new Map(offsets.map((offset, index) => [offset, offsets[index + 1]]));
  const stretches: Stretch[] = [];
  const current = new Map<string, Stretch>();
  for (const { process, atMs, offset } of handed.toSorted((a, b) => a.atMs - b.atMs)) {
    const own = current.get(process);
    if (own !== undefined && next.get(own.last) === offset) {
      own.last = offset;
      own.toMs = atMs;
      continue;
    }
    const begun = { process, shard, fromMs: atMs, toMs: atMs, first: offset, last: offset };
    current.set(process, begun);
    stretches.push(begun);
  }
  return stretches;
}

/** Every record was handed to somebody, and in each shard a key's records are in order. */
export function assertAllHanded(log: FleetLog, count: number, keyOf: (n: number) => string): void {
  const missing = new Set(Array.from({ length: count }, (_, n) => n));
  const unordered: unknown[] = [];
  for (const [shard, { handed }] of log) {
    const lastOfKey = new Map<string, number>();
    const byOffset = new Map(handed.map(({ offset, record }) => [offset, record]));
    for (const offset of [...byOffset.keys()].toSorted((a, b) => a - b)) {
      const record = byOffset.get(offset)!;
      // One that was put again, because its acknowledgement was lost, is there twice.
      if (!missing.delete(record)) continue;
      const key = keyOf(record);
      if (record < (lastOfKey.get(key) ?? -1)) unordered.push({ shard, offset, record });
      lastOfKey.set(key, record);
    }
  }
  assertNone('records are lost', [...missing]);
  assertNone('records of a key are out of order', unordered);
}

/**
 * Nobody begins behind a record that nobody was handed yet, nor before one whose commit was
 * acknowledged by then: what comes again was handed out before, and not committed.
 */
export function assertResumed(log: FleetLog): void {
  const skipping: unknown[] = [];
  const repeating: unknown[] = [];
  const stretches = stretchesOf(log);
  for (const [shard, { handed, committed }] of log) {
    const allHandedAtMs = handedUpTo(handed);
    for (const stretch of stretches.filter((each) => each.shard === shard)) {
      const atMs = allHandedAtMs.get(stretch.first)!;
      if (atMs > stretch.fromMs) skipping.push({ stretch, atMs });
      const done = committed.find(
        (each) => each.atMs < stretch.fromMs && each.offset > stretch.first,
      );
      if (done !== undefined) repeating.push({ stretch, done });
    }
  }
  assertNone('records were passed over', skipping);
  assertNone('records came again whose commit was acknowledged before', repeating);
}

/** By offset, when all before it had been handed to somebody. */
function handedUpTo(handed: readonly Handed[]): ReadonlyMap<number, number> {
  const firstAtMs = new Map<number, number>();
  for (const { offset, atMs } of handed) {
    firstAtMs.set(offset, Math.min(atMs, firstAtMs.get(offset) ?? Infinity));
  }
  const upTo = new Map<number, number>();
  let latest = -Infinity;
  for (const offset of [...firstAtMs.keys()].toSorted((a, b) => a - b)) {
    upTo.set(offset, latest);
    latest = Math.max(latest, firstAtMs.get(offset)!);
  }
  return upTo;
}

/**
 * Nobody commits for a lease that is another's: neither when the commit was sent nor when it was
 * acknowledged, nor at any time that was seen between.
 */
export function assertFenced(log: FleetLog): void {
  const wrong: unknown[] = [];
  for (const [shard, { owned, committed }] of log) {
    for (const commit of committed) {
      const { askedMs, atMs, process } = commit;
      const before = owned.findLast((each) => each.atMs <= askedMs);
      const after = owned.find((each) => each.fromMs >= atMs);
      if (before === undefined || after === undefined) continue;
      const between = owned.slice(owned.indexOf(before), owned.indexOf(after) + 1);
      const isOthers = ({ owner, handingOver }: Owned) =>
        owner !== undefined && owner !== process && handingOver !== process;
      if (between.every(isOthers)) wrong.push({ shard, commit, between });
    }
  }
  assertNone('commits were made for leases of others', wrong);
}

/** How long after it lost a lease a process was still handed records of it, at most. */
export function longestOverlap(log: FleetLog): { readonly ms: number; readonly where: string } {
  let longest = { ms: 0, where: 'nowhere' };
  for (const [shard, { owned, handed }] of log) {
    const lostAtMs = new Map<string, number>();
    let at = 0;
    for (const { process, atMs, offset } of handed.toSorted((a, b) => a.atMs - b.atMs)) {
      for (; at < owned.length && owned[at]!.atMs <= atMs; at += 1) {
        const { owner, handingOver, atMs: seenAtMs } = owned[at]!;
        const holders = [owner, handingOver].filter((each) => each !== undefined);
        const previous = owned[at - 1];
        for (const each of [previous?.owner, previous?.handingOver]) {
          if (each !== undefined && !holders.includes(each)) lostAtMs.set(each, seenAtMs);
        }
        for (const each of holders) lostAtMs.delete(each);
      }
      const ms = atMs - (lostAtMs.get(process) ?? atMs);
      if (ms > longest.ms) longest = { ms, where: show({ shard, process, offset, atMs }) };
    }
  }
  return longest;
}

/** How long the leases of a process that ended at `atMs` were without an owner that lives. */
export function takenOverMs(
  log: FleetLog,
  process: string,
  atMs: number,
): readonly { readonly shard: number; readonly ms: number; readonly by: string }[] {
  return [...log].flatMap(([shard, { owned }]) => {
    const last = owned.findLast((each) => each.atMs <= atMs);
    // A lease that has ended, or was no longer observed, cannot be taken.
    if (last?.owner !== process || owned.at(-1) === last) return [];
    const taken = owned.find(
      ({ atMs: at, owner }) => at > atMs && owner !== undefined && owner !== process,
    );
    return [{ shard, ms: (taken?.atMs ?? Infinity) - atMs, by: taken?.owner ?? 'nobody' }];
  });
}

/** Records that were handed out more than once, and how often all together. */
export function repeatsIn(log: FleetLog): number {
  let repeats = 0;
  for (const { handed } of log.values()) {
    repeats += handed.length - new Set(handed.map(({ offset }) => offset)).size;
  }
  return repeats;
}
