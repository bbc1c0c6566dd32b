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
    const words = flags.findIndex((flag) => flag.startsWith('-'));
    const end = words === -1 ? flags.length : words;
    const config = readConfig(flags.slice(end), process.env);
    const { read } = await import('./cli/read.ts');
    return read(flags.slice(0, end), config);
  }
  if (command === 'groups') {
    const given = flags.filter((flag) => flag !== '--json');
    const words = given.findIndex((flag) => flag.startsWith('-'));
    const end = words === -1 ? given.length : words;
    const config = readConfig(given.slice(end), process.env);
    const { groups } = await import('./cli/groups.ts');
    return groups(given.slice(0, end), config, given.length < flags.length);
  }
  if (command !== 'start') {
    throw new ConfigError(`"${command}" is no command of kineska: try kineska start, or --help.`);
  }
  const config = readConfig(flags, process.env);
  const { start } = await import('./cli/start.ts');
  await start(config);
}

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
