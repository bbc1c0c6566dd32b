/** Kafka's own tools as processes that continue beside the test. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { delimiter } from 'node:path';
import type { Readable } from 'node:stream';
import type { TestContext } from 'node:test';
import { defaultCacheFolder } from '../../src/config/cache-folder.ts';
import { resolveKafka } from '../../adapters/engines/embedded-kafka.ts';
import { javaCommand } from '../../adapters/engines/java.ts';

const javaOptions = ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-Dlog4j2.level=ERROR'];

export type KafkaTool = ChildProcessByStdio<null, Readable, Readable>;

/** Starts a tool and leaves it running; ended after `t`. */
export async function startKafkaTool(
  t: TestContext,
  mainClass: string,
  argumentsGiven: readonly string[],
): Promise<KafkaTool> {
  const { jars } = await resolveKafka(defaultCacheFolder(process.env), () => undefined);
  const java = [...javaOptions, '-cp', jars.join(delimiter), mainClass];
  const stdio = ['ignore', 'pipe', 'pipe'] as const;
  const child = spawn(javaCommand(), [...java, ...argumentsGiven], { stdio: [...stdio] });
  t.after(() => child.kill('SIGKILL'));
  return child as KafkaTool;
}
