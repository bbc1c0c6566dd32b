/**
 * `npm run bench`: every measurement, each a ratio in one run, with medians over interleaved
 * rounds; the tables are kept in docs/performance.md. Takes about ten minutes; run it on a quiet
 * machine.
 *   npm run bench -- --rounds=5     more rounds
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { startTestEngines } from '../support/engines.ts';
import { replaceGenerated } from '../../docs/generator/generated.ts';
import { benchKafka } from './kafka.ts';
import type { Row } from './kafka-targets.ts';
import { benchKinesis, tableOf } from './kinesis.ts';

const page = 'docs/performance.md';
const roundsDefault = 3;
const measureMs = 3_000;

const given = process.argv.find((each) => each.startsWith('--rounds='))?.split('=')[1];
const rounds = Number(given ?? roundsDefault);

const engines = await startTestEngines();
const kinesis = await benchKinesis(engines, { rounds, measureMs });
await engines.stop();
const kafka = await benchKafka(rounds);
const text = [
  `${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), Node ${process.versions.node}, ` +
    `${rounds} rounds, medians. Servers, engines and load share the cores.`,
  '',
  '### The Kinesis door, limits off, beside kinesalite and kinesis-local',
  '',
  tableOf(kinesis),
  '',
  "### The Kafka door, beside the same cluster directly and a plain TCP hop, by Kafka's tools",
  '',
  kafkaTable(kafka),
].join('\n');
writeFileSync(page, replaceGenerated(readFileSync(page, 'utf8'), text));
process.stdout.write(`${text}\n`);

function kafkaTable(rows: readonly Row[]): string {
  const shown = (value: number | undefined) => (value === undefined ? '' : value.toFixed(2));
  const lines = rows.map(({ name, values: { direct, gateway, hop } }) => {
    const ratio = (other: number | undefined) =>
      gateway === undefined || other === undefined ? '' : (gateway / other).toFixed(2);
    const cells = [shown(direct), shown(gateway), shown(hop), ratio(direct), ratio(hop)];
    return `| ${name} | ${cells.join(' | ')} |`;
  });
  const head = '|  | direct | gateway | hop | gateway / direct | gateway / hop |';
  return [head, '|---|---:|---:|---:|---:|---:|', ...lines].join('\n');
}
