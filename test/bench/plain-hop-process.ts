/** The plain hop as a process, as the gateway is one: `plain-hop-process.ts FROM:TO …` */
import { startPlainHop } from './plain-hop.ts';

const pairs = process.argv.slice(2).map((pair) => pair.split(':').map(Number));
await startPlainHop(pairs.map(([from = 0, to = 0]) => ({ from, to })));
process.stdout.write('ready\n');
