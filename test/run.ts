/**
 * `npm test`: starts one Kafka and one DynamoDB Local for the whole run, then the tests; neither
 * where no file of the run uses them.
 *
 *   npm test                              every test but the long ones
 *   npm test -- test/domain/a.test.ts     only these files
 *   npm run test:unit                     those that need no engine, no Java and no client: seconds
 *   npm run test:clients                  the long ones too (*.full.test.ts)
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTestEngines } from './support/engines.ts';
import { reachableFrom } from './support/imports.ts';
import { installClients } from './support/install.ts';

const chosen = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const full = process.argv.includes('--full');
const unit = process.argv.includes('--unit');
/** Files that run beside each other: the engines and clients want a core too. */
const filesAtOnce = 2;
/** Of a file; a long one is long. */
const timeoutMs = full ? 900_000 : 300_000;

/** A test that stands on one of these wants more than Node. */
const enginesFile = 'test/support/engines.ts';
const beyondNode = [
  ...[enginesFile, 'test/support/install.ts', 'test/conformance/java-oracle.ts'],
  ...['test/library/packed.test.ts', 'test/clients/'],
];

function testFiles(): string[] {
  return readdirSync('test', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts') && (full || !file.endsWith('.full.test.ts')))
    .map((file) => `test/${file}`)
    .toSorted();
}

function standsOn(file: string, parts: readonly string[]): boolean {
  return [...reachableFrom(file)].some((each) => parts.some((part) => each.startsWith(part)));
}

const all = chosen.length > 0 ? chosen : testFiles();
const files = unit ? all.filter((file) => !standsOn(file, beyondNode)) : all;
const wantsEngines = !unit && files.some((file) => standsOn(file, [enginesFile]));
const wantsClients = files.some((file) => file.startsWith('test/clients/'));
// Side by side, and once: the files that run at the same time find all installed.
const [engines] = await Promise.all([
  wantsEngines ? startTestEngines() : undefined,
  wantsClients ? installClients() : undefined,
]);
const folder = mkdtempSync(join(tmpdir(), 'kineska-run-'));
const slowest = join(folder, 'slowest');
const child = spawn(
  process.execPath,
  [
    ...['--import', 'tsx', '--test'],
    ...['--test-reporter=spec', '--test-reporter-destination=stdout'],
    ...[
      '--test-reporter=./test/support/slowest-files.cjs',
      `--test-reporter-destination=${slowest}`,
    ],
    ...[`--test-concurrency=${filesAtOnce}`, '--test-force-exit', `--test-timeout=${timeoutMs}`],
    ...files,
  ],
  {
    stdio: 'inherit',
    env: {
      ...process.env,
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
      ...(engines && {
        TEST_KAFKA_BOOTSTRAP: engines.kafkaBootstrap,
        TEST_DYNAMODB_ENDPOINT: engines.dynamodbEndpoint,
      }),
    },
  },
);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
child.once('exit', (code) => {
  process.stdout.write(readFileSync(slowest, 'utf8'));
  rmSync(folder, { recursive: true, force: true });
  void Promise.resolve(engines?.stop()).then(() => {
    process.exitCode = code ?? 1;
  });
});
