/** Apache Kafka in versions other than the embedded engine's, from the same pom. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultCacheFolder } from '../../src/config/cache-folder.ts';
import { resolveKafka } from '../../adapters/engines/embedded-kafka.ts';
import { type JarSet, resolveJars } from '../../adapters/engines/maven.ts';

const pomFile = 'adapters/engines/kafka-pom.xml';
const versionOfKafka = /(<groupId>org\.apache\.kafka<\/groupId>[^]*?<version>)[^<]+/g;

const progress = (sentence: string): void => void process.stderr.write(`${sentence}\n`);

/** The jars of that version; those of the embedded engine where none is named. */
export async function resolveKafkaVersion(version?: string): Promise<JarSet> {
  if (version === undefined) return resolveKafka(defaultCacheFolder(process.env), progress);
  const pom = await readFile(pomFile, 'utf8');
  const folder = await mkdtemp(join(tmpdir(), 'kineska-test-pom-'));
  try {
    const other = join(folder, 'pom.xml');
    await writeFile(other, pom.replaceAll(versionOfKafka, `$1${version}`));
    return await resolveJars(`kafka-${version}`, other, defaultCacheFolder(process.env), progress);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
