/** The plain hop as a process of its own, as the gateway is one: `plain-hop-process.ts FROM TO`. */
import { startPlainHop } from './plain-hop.ts';

const [from, to] = process.argv.slice(2).map(Number);
await startPlainHop(from!, to!);
process.stdout.write('ready\n');
