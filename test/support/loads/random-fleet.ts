/**
 * Two KCL workers and two members of the Kafka group of the same name over one stream, that join,
 * leave and are killed at random while it is written to and a shard is split; and what all of them
 * did, as a log.
 *
 *   FLEET_SEED     draws the same events again
 *   FLEET_SECONDS  how long they continue, all together
 *   FLEET_VERBOSE  tells at once what happens
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import type { TestContext } from 'node:test';
import {
  type KinesisClient,
  PutRecordsCommand,
  type PutRecordsRequestEntry,
} from '@aws-sdk/client-kinesis';
import { parseSequenceNumber } from '../../../src/domain/records/sequence-number.ts';
import { shardIndexOf } from '../../../src/domain/streams/stream.ts';
import type { Gateway } from '../gateway.ts';
import { type LeaseRows, openLeaseRows, type Row } from '../lease-rows.ts';
import { untilTrue } from '../until.ts';
import { doorAt } from '../gateways.ts';
import { createStream, kinesisClient, newName } from '../doors.ts';
import { type FleetLog, type ShardLog, takenOverMs } from '../checks/fleet-log.ts';
import {
  cooperativeKinds,
  type FollowerKind,
  followerKinds,
  type FollowerLine,
} from './followers.ts';
import { type KclKind, type KclLine, workerCommandLine } from '../programs/kcl.ts';
import { keyOf } from '../checks/records.ts';
import { split, untilActive } from '../resharding.ts';

export const fleetSeconds = Number(process.env['FLEET_SECONDS'] ?? 300);
export const fleetSeed = Number(process.env['FLEET_SEED'] ?? Date.now() % 1_000_000);

export type Protocol = 'classic' | 'consumer';

/** Members of the new protocol send heartbeats every 5 s; a failover must be longer. */
export const failoverMsOf = { classic: 10_000, consumer: 10_000 } as const;

/** Who can be in one group: kafkajs knows no assignor that others know. */
const memberKinds: Readonly<Record<Protocol, readonly (readonly FollowerKind[])[]>> = {
  classic: [
    [followerKinds.javaClassic, followerKinds.pythonClassic],
    [cooperativeKinds.java, cooperativeKinds.python],
    [followerKinds.kafkajs],
  ],
  consumer: [[followerKinds.javaConsumer, followerKinds.pythonConsumer]],
};
const shardCount = 4;
const batchRecords = 500;
const recordsPerSecond = 2_000;
const sampleEveryMs = 100;
const eventEveryMs = { min: 3_000, max: 9_000 };
const stopTimeoutMs = 45_000;
const drainTimeoutMs = 180_000;
const settleTimeoutMs = 240_000;
/** Until one that was started has joined, and until a coordinator misses a member. */
const beginningMs = 30_000;
const memberSilentMs = 60_000;
/** Of a busy machine. */
const slackMs = 15_000;
const dumpMs = 5_000;
const errorCharactersMax = 60_000;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** mulberry32: the same numbers for the same seed. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** A worker or member while it runs. */
type FleetProcess = {
  readonly name: string;
  readonly startedAtMs: number;
  endedAtMs: number | undefined;
  readonly child: ChildProcess;
  readonly drained: Promise<unknown>;
  errors: string;
  /**
   * It was asked to stop, and did not. KCL 2.6.1's graceful shutdown may wait forever for a record
   * processor of a lease that was lost meanwhile.
   */
  isStuck: boolean;
};

/** How one ended, and when. */
export type Ending = {
  readonly name: string;
  readonly how: 'stopped' | 'killed';
  readonly atMs: number;
};

type Slot = { readonly side: 'kcl' | 'kafka'; process: FleetProcess | undefined };

export type FleetOptions = {
  readonly gateway: Gateway;
  readonly kind: KclKind;
  readonly protocol: Protocol;
  readonly seed: number;
  readonly seconds: number;
};

export class RandomFleet {
  readonly shards = new Map<number, ShardLog>();
  readonly endings: Ending[] = [];
  readonly failed = new Map<string, number>();
  readonly processes: FleetProcess[] = [];
  put = 0;
  gatewayKilledAtMs = -Infinity;
  readonly #t: TestContext;
  readonly #options: FleetOptions;
  readonly #stream: string;
  readonly #group = newName();
  readonly #rows: LeaseRows;
  readonly #random: (below: number) => number;
  readonly #memberKinds: readonly FollowerKind[];
  readonly #handedRecords = new Set<number>();
  readonly #slots: readonly Slot[] = (['kcl', 'kcl', 'kafka', 'kafka'] as const).map((side) => ({
    side,
    process: undefined,
  }));
  #started = 0;
  #isGatewayDown = false;

  private constructor(t: TestContext, options: FleetOptions, stream: string, rows: LeaseRows) {
    this.#t = t;
    this.#options = options;
    this.#stream = stream;
    this.#rows = rows;
    this.#random = randomOf(options.seed);
    const kinds = memberKinds[options.protocol];
    this.#memberKinds = kinds[options.seed % kinds.length]!;
    t.after(() => this.processes.forEach(({ child }) => child.kill('SIGKILL')));
  }

  static async over(t: TestContext, options: FleetOptions): Promise<RandomFleet> {
    const rows = await openLeaseRows(t, options.gateway.dynamodb);
    const stream = await createStream(options.gateway.kinesis, shardCount);
    return new RandomFleet(t, options, stream, rows);
  }

  get log(): FleetLog {
    return this.shards;
  }

  /** Everything: churn, then all four run and settle; then they stop. */
  async run(): Promise<void> {
    const { seconds } = this.#options;
    const endAtMs = Date.now() + seconds * 1_000;
    let isSampling = true;
    const sampling = this.#sample(() => isSampling);
    const writing = this.#write(endAtMs);
    await Promise.all(this.#slots.map((slot) => this.#start(slot)));
    const leftMs = endAtMs - Date.now();
    const splitting = this.#splitAt(endAtMs - leftMs / 2);
    const restarting = this.#restartAt(endAtMs - leftMs / 4);
    while (Date.now() < endAtMs) {
      await this.#event();
      const { min, max } = eventEveryMs;
      await pause(min + this.#random(max - min));
    }
    await Promise.all([writing, splitting, restarting]);
    for (const slot of this.#slots) if (slot.process === undefined) await this.#start(slot);
    await this.#untilDrained();
    await this.#untilSettled();
    await Promise.all(this.#slots.map((slot) => this.#end(slot, 'stopped')));
    isSampling = false;
    await sampling;
  }

  async #event(): Promise<void> {
    const slot = this.#slots[this.#random(this.#slots.length)]!;
    if (slot.process === undefined) await this.#start(slot);
    else await this.#end(slot, this.#random(2) === 0 ? 'stopped' : 'killed');
  }

  async #splitAt(atMs: number): Promise<void> {
    await pause(atMs - Date.now());
    const door = doorAt(this.#options.gateway.kinesis);
    await split(door, this.#stream, this.#random(shardCount));
    await untilActive(door, this.#stream);
    this.#say('a shard was split');
  }

  /** The gateway is killed, and comes back where it was. */
  async #restartAt(atMs: number): Promise<void> {
    await pause(atMs - Date.now());
    this.#isGatewayDown = true;
    await this.#options.gateway.kill9();
    this.gatewayKilledAtMs = Date.now();
    this.#say('the gateway is killed');
    await this.#options.gateway.again();
    this.#isGatewayDown = false;
    this.#say('the gateway is back');
  }

  async #write(endAtMs: number): Promise<void> {
    const client = kinesisClient(this.#options.gateway.kinesis);
    const beganAtMs = Date.now();
    while (Date.now() < endAtMs) {
      const Records = Array.from({ length: batchRecords }, (_, index) => ({
        PartitionKey: keyOf(this.put + index),
        Data: Buffer.from(`record-${this.put + index}`),
      }));
      if (!(await this.#putAll(client, Records))) continue;
      this.put += batchRecords;
      const dueAtMs = beganAtMs + (this.put / recordsPerSecond) * 1_000;
      await pause(Math.max(0, dueAtMs - Date.now()));
    }
    client.destroy();
  }

  /** Whether all were acknowledged; they are put again where the gateway was killed meanwhile. */
  async #putAll(client: KinesisClient, Records: PutRecordsRequestEntry[]): Promise<boolean> {
    const wasDown = this.#isGatewayDown;
    try {
      const put = new PutRecordsCommand({ StreamName: this.#stream, Records });
      const { FailedRecordCount } = await client.send(put);
      assert.equal(FailedRecordCount, 0);
      return true;
    } catch (error) {
      if (!wasDown && !this.#isGatewayDown) throw error;
      return false;
    }
  }

  /** Reads who owns the leases, again and again. */
  async #sample(goesOn: () => boolean): Promise<void> {
    while (goesOn()) {
      const fromMs = Date.now();
      const rows = (await this.#rows.all(this.#group)) ?? new Map<string, Row>();
      const atMs = Date.now();
      const changed: string[] = [];
      for (const [key, row] of rows) {
        const index = shardIndexOf(key);
        if (index === undefined || row['checkpoint']?.S === 'SHARD_END') continue;
        const owner = processOf(row['leaseOwner']?.S);
        const handingOver = processOf(row['checkpointOwner']?.S);
        const { owned } = this.#shard(index);
        const last = owned.at(-1);
        owned.push({ fromMs, atMs, owner, handingOver });
        if (last?.owner === owner && last?.handingOver === handingOver) continue;
        const still = handingOver === undefined ? '' : `, still ${handingOver}`;
        changed.push(`shard ${index} is of ${owner ?? 'nobody'}${still}`);
      }
      if (changed.length > 0) this.#say(changed.join(', '));
      await pause(sampleEveryMs);
    }
  }

  async #start(slot: Slot): Promise<void> {
    const { gateway, kind, protocol } = this.#options;
    const number = this.#started++;
    if (slot.side === 'kcl') {
      const name = `worker-${number}`;
      const more = [`-Dworker.id=${name}`, `-Dfailover.ms=${failoverMsOf[protocol]}`];
      const of = await workerCommandLine(gateway, this.#stream, kind, this.#group, more);
      this.#t.after(() => rm(of.folder, { recursive: true, force: true }));
      slot.process = this.#spawn(name, of.commandLine, (text) => this.#takeKcl(name, text));
      return this.#say(`${name} joins`);
    }
    const kinds = this.#memberKinds;
    const { commandLine, name: client } = kinds[this.#random(kinds.length)]!;
    const name = `member-${number}`;
    const line = await commandLine(gateway.kafka, this.#stream, this.#group, name);
    slot.process = this.#spawn(name, line, this.#takesKafka(name));
    this.#say(`${name} joins: ${client}`);
  }

  #spawn(
    name: string,
    [command, ...given]: readonly [string, ...string[]],
    take: (line: string) => void,
  ): FleetProcess {
    const child = spawn(command, given, { stdio: ['pipe', 'pipe', 'pipe'] });
    const drained = Promise.all([once(child.stdout, 'end'), once(child, 'close')]);
    const startedAtMs = Date.now();
    const made = {
      name,
      startedAtMs,
      endedAtMs: undefined,
      child,
      drained,
      errors: '',
      isStuck: false,
    };
    let rest = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      // One that is killed may leave half a line.
      rest = lines.pop()!;
      for (const line of lines) {
        if (line.startsWith('{')) take(line);
        else made.errors += `${line}\n`;
      }
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      made.errors = (made.errors + text).slice(-errorCharactersMax);
    });
    child.stdin.on('error', () => undefined);
    this.processes.push(made);
    return made;
  }

  async #end(slot: Slot, how: Ending['how']): Promise<void> {
    const { process } = slot;
    if (process === undefined) return;
    const { child, name, drained } = process;
    assert.equal(child.exitCode, null, `${name} ended by itself:\n${process.errors}`);
    const timer = setTimeout(() => {
      process.isStuck = true;
      // Java tells what its threads do.
      if (slot.side === 'kcl') child.kill('SIGQUIT');
      setTimeout(() => child.kill('SIGKILL'), dumpMs);
    }, stopTimeoutMs);
    if (how === 'stopped') child.stdin!.end();
    else child.kill('SIGKILL');
    await drained;
    clearTimeout(timer);
    const ended = process.isStuck ? 'killed' : how;
    if (process.isStuck) {
      this.#say(`${name} does not stop, and is killed`);
      const isKnown = /waitForRecordProcessors/.test(process.errors);
      // One that was asked while it was still starting is of no interest.
      const isStarting = !this.#hasWorked(name);
      assert.ok(isKnown || isStarting, `${name} does not stop:\n${process.errors}`);
    }
    process.endedAtMs = Date.now();
    this.endings.push({ name, how: ended, atMs: process.endedAtMs });
    slot.process = undefined;
    this.#say(`${name} is ${ended}`);
  }

  #hasWorked(name: string): boolean {
    return [...this.shards.values()].some(({ handed }) =>
      handed.some(({ process }) => process === name),
    );
  }

  #takeKcl(process: string, text: string): void {
    const line = JSON.parse(text) as KclLine;
    const shard = this.#shard(shardIndexOf(line.shard)!);
    if (line.event === 'checkpointed') {
      const { asked: askedMs, at: atMs } = line;
      shard.committed.push({ process, askedMs, atMs, offset: positionIn(line.seq) });
    } else if (line.event === undefined) {
      const record = recordIn(line.value);
      this.#handedRecords.add(record);
      const offset = positionIn(line.seq) - 1;
      shard.handed.push({ process, atMs: line.at!, offset, record });
    }
  }

  #takesKafka(process: string): (text: string) => void {
    let atMs = 0;
    return (text) => {
      const line = JSON.parse(text) as FollowerLine & KafkaRow;
      if (line.polled !== undefined) {
        atMs = line.polled;
      } else if (line.failed !== undefined) {
        this.failed.set(line.failed, (this.failed.get(line.failed) ?? 0) + 1);
      } else if (line.committed !== undefined) {
        for (const [partition, offset] of Object.entries(line.committed)) {
          const commit = { process, askedMs: line.asked!, atMs: line.at!, offset };
          this.#shard(Number(partition)).committed.push(commit);
        }
      } else {
        const record = recordIn(line.value);
        this.#handedRecords.add(record);
        this.#shard(line.partition).handed.push({ process, atMs, offset: line.offset, record });
      }
    };
  }

  #shard(index: number): ShardLog {
    const known = this.shards.get(index);
    if (known !== undefined) return known;
    const made = { handed: [], committed: [], owned: [] };
    this.shards.set(index, made);
    return made;
  }

  async #untilDrained(): Promise<void> {
    const isDrained = () => this.#handedRecords.size >= this.put;
    await untilTrue('every record to be handed out', isDrained, drainTimeoutMs).catch(
      (error: unknown) => {
        const { size } = this.#handedRecords;
        throw new Error(`${String(error)}: ${size} of ${this.put}\n${this.shown()}`);
      },
    );
    this.#say(`all ${this.put} records were handed out`);
  }

  /** Ownership no longer changes, and every owner of a lease is running. */
  async #untilSettled(): Promise<void> {
    const quietMs = 6 * failoverMsOf[this.#options.protocol];
    let last = '';
    let sinceMs = Date.now();
    const isSettled = () => {
      const now = this.shown();
      if (now !== last) sinceMs = Date.now();
      last = now;
      return this.#isOwned() && Date.now() - sinceMs > quietMs;
    };
    await untilTrue('the fleet to settle', isSettled, settleTimeoutMs).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${this.shown()}`);
    });
    this.#say(`settled: ${this.shown()}`);
  }

  #isOwned(): boolean {
    const running = new Set(this.#slots.map(({ process }) => process?.name));
    return [...this.#latest().values()].every(
      ({ owner, handingOver }) => running.has(owner) && handingOver === undefined,
    );
  }

  /** Of open shards: the last that was seen of each. */
  #latest() {
    const latest = [...this.shards].map(([shard, { owned }]) => [shard, owned.at(-1)!] as const);
    const newest = Math.max(...latest.map(([, last]) => last?.atMs ?? 0));
    return new Map(latest.filter(([, last]) => last?.atMs === newest));
  }

  /** Who owns what. */
  shown(): string {
    return [...this.#latest()]
      .toSorted(([one], [other]) => one - other)
      .map(([shard, { owner, handingOver }]) => {
        const still = handingOver === undefined ? '' : ` (still ${handingOver})`;
        return `${shard}: ${owner ?? 'nobody'}${still}`;
      })
      .join(', ');
  }

  /** Owners when all was settled, each with its leases. */
  owners(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { owner } of this.#latest().values()) {
      if (owner !== undefined) counts.set(owner, (counts.get(owner) ?? 0) + 1);
    }
    return counts;
  }

  /** How long leases of those that were killed, or left them behind, were without an owner. */
  takeovers() {
    return this.endings.flatMap(({ name, how, atMs }) =>
      takenOverMs(this.shards, name, atMs).map((each) => {
        const isLate = each.ms > Math.min(...this.#boundsOf(name, atMs));
        return { name, how, ...each, isLate };
      }),
    );
  }

  /**
   * How long the leases of one that ended may be without an owner, by each of those that lived on.
   * A member takes them when they have not moved for a failover time, if no other member has ended,
   * whom its coordinator would take for alive. KCL 2 looks every two failover times, and twice. KCL
   * 3 has a leader that looks; where it was killed, its lock continues for two minutes.
   */
  *#boundsOf(name: string, atMs: number): Generator<number> {
    const { protocol, kind } = this.#options;
    const failoverMs = failoverMsOf[protocol];
    const kclMs = kind.program === 'kcl2' ? 5 * failoverMs : 12 * failoverMs + 2 * failoverMs;
    const livedFor = (ms: number) =>
      this.processes.filter(
        ({ startedAtMs, endedAtMs = Infinity }) =>
          startedAtMs < atMs - beginningMs && endedAtMs > atMs + ms,
      );
    const kafkaMs = 2 * failoverMs + slackMs;
    const killedMs = this.gatewayKilledAtMs - atMs;
    if (killedMs < kclMs + slackMs && killedMs > -beginningMs) return;
    const isMember = (each: { readonly name: string }) => each.name.startsWith('member-');
    const hasMemberEnded = this.endings.some(
      (each) => isMember(each) && each.atMs > atMs - memberSilentMs && each.atMs < atMs + kafkaMs,
    );
    if (!isMember({ name }) && !hasMemberEnded && livedFor(kafkaMs).some(isMember)) yield kafkaMs;
    if (livedFor(kclMs + slackMs).some((each) => !isMember(each))) yield kclMs + slackMs;
  }

  #say(what: string): void {
    const line = `${new Date().toISOString().slice(14, 23)} ${what}; ${this.shown()}`;
    if (process.env['FLEET_VERBOSE'] !== undefined) process.stderr.write(`${line}\n`);
    this.#t.diagnostic(line);
  }
}

type KafkaRow = {
  readonly partition: number;
  readonly offset: number;
  readonly value: string;
};

/** `kafka/CLIENT/MEMBER` is the member whose client goes by its name. */
function processOf(owner: string | undefined): string | undefined {
  return owner?.startsWith('kafka/') === true ? owner.split('/')[1] : owner;
}

/** Of the record after the one with this sequence number. */
function positionIn(seq: string): number {
  const position = parseSequenceNumber(seq)?.position;
  assert.ok(position !== undefined, seq);
  return Number(position);
}

function recordIn(value: string): number {
  return Number(/^record-(\d+)$/.exec(Buffer.from(value, 'base64').toString())?.[1]);
}
