/**
 * `npm test`: starts one Kafka and one DynamoDB Local for the whole run, then the tests.
 *
 *   npm test                              every test but the long ones
 *   npm test -- test/domain/a.test.ts     only these files
 *   npm run test:clients                  the long ones too (*.full.test.ts)
 */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { startTestEngines } from './support/engines.ts';
import { installClients } from './support/install.ts';

const chosen = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const full = process.argv.includes('--full');
/** Files that run beside each other: the engines and clients want a core too. */
const filesAtOnce = 2;
/** Of a file; a long one is long. */
const timeoutMs = full ? 900_000 : 300_000;

function testFiles(): string[] {
  return readdirSync('test', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts') && (full || !file.endsWith('.full.test.ts')))
    .map((file) => `test/${file}`)
    .toSorted();
}

const files = chosen.length > 0 ? chosen : testFiles();
const wantsClients = files.some((file) => file.startsWith('test/clients/'));
// Side by side, and once: the files that run at the same time find all installed.
const [engines] = await Promise.all([
  startTestEngines(),
  wantsClients ? installClients() : undefined,
]);
const child = spawn(
  process.execPath,
  [
    ...['--import', 'tsx', '--test', '--test-reporter=spec'],
    ...[`--test-concurrency=${filesAtOnce}`, '--test-force-exit', `--test-timeout=${timeoutMs}`],
    ...files,
  ],
  {
    stdio: 'inherit',
    env: {
      ...process.env,
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
      TEST_KAFKA_BOOTSTRAP: engines.kafkaBootstrap,
      TEST_DYNAMODB_ENDPOINT: engines.dynamodbEndpoint,
    },
  },
);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
child.once('exit', (code) => {
  void engines.stop().then(() => {
    process.exitCode = code ?? 1;
  });
});
