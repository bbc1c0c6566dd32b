/**
 * Members of Kafka groups as processes, each by its own client, that read and commit until they
 * are stopped or killed; and what each of them has told.
 */
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { franzGo, kafkaCommandLine, python } from '../install.ts';
import { type Program, startProgram } from '../program.ts';
import { kafkaRecords, type ReadRecord } from '../checks/records.ts';

type CommandLine = readonly [command: string, ...given: string[]];

export type FollowerKind = {
  readonly name: string;
  commandLine(
    bootstrap: string,
    topic: string,
    group: string,
    ...clientId: readonly string[]
  ): Promise<CommandLine>;
};

const pythonProgram = 'test/clients/python/kafka_client.py';

type Protocol = 'classic' | 'cooperative' | 'consumer';

function byJava(protocol: Protocol): FollowerKind {
  return {
    name: `kafka-clients, group protocol ${protocol}`,
    commandLine: (bootstrap, topic, group, ...clientId) =>
      kafkaCommandLine(['follow', bootstrap, topic, group, protocol, ...clientId]),
  };
}

function byPython(protocol: Protocol): FollowerKind {
  return {
    name: `confluent-kafka-python, group protocol ${protocol}`,
    commandLine: async (bootstrap, topic, group, ...clientId) => [
      ...([await python(), pythonProgram, 'follow', bootstrap, topic, group] as const),
      ...[protocol, ...clientId],
    ],
  };
}

export const followerKinds = {
  kafkajs: {
    name: 'kafkajs',
    commandLine: async (...given) => [
      ...([process.execPath, '--import', 'tsx', 'test/clients/node/follow.ts', ...given] as const),
    ],
  },
  franz: {
    name: 'franz-go',
    commandLine: async (...given) => [await franzGo(), 'follow', ...given],
  },
  javaClassic: byJava('classic'),
  javaConsumer: byJava('consumer'),
  pythonClassic: byPython('classic'),
  pythonConsumer: byPython('consumer'),
} satisfies Readonly<Record<string, FollowerKind>>;

/** Members that keep their partitions while they join (KIP-429). */
export const cooperativeKinds = {
  java: byJava('cooperative'),
  python: byPython('cooperative'),
} satisfies Readonly<Record<string, FollowerKind>>;

/** What a member prints beside its records. */
export type FollowerLine = {
  /** When it was handed what follows. */
  readonly polled?: number;
  /** Offsets by partition, when they were sent and when they were acknowledged. */
  readonly committed?: Readonly<Record<string, number>>;
  readonly asked?: number;
  readonly at?: number;
  readonly failed?: string;
};

export type Follower = {
  readonly kind: FollowerKind;
  /** In the order in which it was handed them. */
  readonly records: readonly ReadRecord[];
  /** By partition, the last offset of which the client was told that it is committed. */
  readonly committed: ReadonlyMap<number, number>;
  /** How many commits it was told are made. */
  commits(): number;
  /** Errors that its user got. */
  readonly failed: readonly string[];
  /** Fails where it ends by itself meanwhile. */
  until(what: string, isTrue: () => boolean | Promise<boolean>, waitMsMax?: number): Promise<void>;
  /** It commits what it read, and leaves the group. */
  stop(): Promise<number | null>;
  kill9(): Promise<void>;
};

/** Starts a member; it is killed after `t`, if it still runs. */
export async function startFollower(
  t: TestContext,
  kind: FollowerKind,
  bootstrap: string,
  topic: string,
  group: string,
): Promise<Follower> {
  const line = await kind.commandLine(bootstrap, topic, group);
  const program: Program = startProgram(t, line, { endsWithInput: true });
  const records: ReadRecord[] = [];
  const committed = new Map<number, number>();
  const failed: string[] = [];
  let commits = 0;
  const take = (text: string) => {
    const said = JSON.parse(text) as FollowerLine;
    if (said.polled !== undefined) return;
    if (said.failed !== undefined) failed.push(said.failed);
    else if (said.committed === undefined) records.push(...kafkaRecords(text));
    else {
      commits += 1;
      for (const [partition, offset] of Object.entries(said.committed)) {
        committed.set(Number(partition), offset);
      }
    }
  };
  // What it had written when it ended is still to be read.
  const drained = once(program.child.stdout!, 'end');
  let rest = '';
  program.child.stdout!.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    // One that is killed may leave half a line.
    rest = lines.pop()!;
    for (const each of lines) take(each);
  });
  return {
    kind,
    records,
    committed,
    commits: () => commits,
    failed,
    until: (what, isTrue, waitMsMax) => program.until(what, isTrue, waitMsMax),
    async stop() {
      const code = await program.stop();
      await drained;
      return code;
    },
    async kill9() {
      await program.kill9();
      await drained;
    },
  };
}
