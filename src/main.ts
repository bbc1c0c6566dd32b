/** The command line. Nothing heavy is loaded before the settings are known to be right. */
import { helpText } from './config/help.ts';
import { readConfig } from './config/read-config.ts';
import { ConfigError } from './config/setting.ts';
import { isGatewayError } from './domain/errors.ts';
import { version } from './version.ts';

const wrongUsage = 2;
const failed = 1;

async function main(): Promise<void> {
  const [command, ...flags] = process.argv.slice(2);
  if (command === undefined || command === '--help' || flags.includes('--help')) {
    process.stdout.write(helpText());
    return;
  }
  if (command === '--version') {
    process.stdout.write(`${version}\n`);
    return;
  }
  if (command === 'read') {
    const [words, settings] = partsOf(flags);
    const config = readConfig(settings, process.env);
    const { read } = await import('./cli/read.ts');
    return read(words, config);
  }
  if (command === 'groups') {
    const given = flags.filter((flag) => flag !== '--json');
    const [words, settings] = partsOf(given);
    const config = readConfig(settings, process.env);
    const { groups } = await import('./cli/groups.ts');
    return groups(words, config, given.length < flags.length);
  }
  if (command !== 'start') {
    throw new ConfigError(`"${command}" is no command of kineska: try kineska start, or --help.`);
  }
  const config = readConfig(flags, process.env);
  const { start } = await import('./cli/start.ts');
  await start(config);
}

/** The arguments after a command, such as the name of a stream, and the flags after them. */
function partsOf(given: readonly string[]): [words: readonly string[], flags: readonly string[]] {
  const first = given.findIndex((each) => each.startsWith('-'));
  const end = first === -1 ? given.length : first;
  return [given.slice(0, end), given.slice(end)];
}

// A reader such as head may close the pipe when it has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  // The gateway runs on without it; other commands have nothing left to do.
  if (process.argv[2] !== 'start') process.exit();
});

try {
  await main();
} catch (error) {
  if (error instanceof ConfigError) {
    process.stderr.write(`kineska: ${error.message}\n`);
    process.exit(wrongUsage);
  }
  // Errors that users can fix are shown as a sentence; others are defects, shown with their stack
  // trace.
  const known = isGatewayError(error) && error.kind !== 'internal';
  process.stderr.write(`kineska: ${known ? error.message : (error as Error).stack}\n`);
  process.exit(failed);
}
