/** The commands of docs/migrating.md, as they stand there, and what the page says they print. */
import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { commandLine, startGateway } from '../support/gateway.ts';
import { kcatCommand, python, run } from '../support/install.ts';

const page = 'docs/migrating.md';
const timeout = 600_000;

type Step = { readonly commands: string; readonly promised: string | undefined };

/** Blocks of `sh`, each with the block of `text` that follows it, if one does before the next. */
function stepsOf(text: string): readonly Step[] {
  const steps: { commands: string; promised: string | undefined }[] = [];
  for (const [, kind, body = ''] of text.matchAll(/^```(\w*)\n(.*?)^```$/gms)) {
    if (kind === 'sh') steps.push({ commands: body, promised: undefined });
    const last = steps.at(-1);
    if (kind === 'text' && last !== undefined) last.promised = body;
  }
  return steps;
}

function script(line: readonly string[], environment: Readonly<Record<string, string>>): string {
  const exports = Object.entries(environment).map(([name, value]) => `export ${name}='${value}'\n`);
  const words = line.map((word) => `'${word}'`).join(' ');
  return `#!/bin/sh\n${exports.join('')}exec ${words} "$@"\n`;
}

test('the commands of the page on migrating print what it promises', { timeout }, async (t) => {
  const gateway = await startGateway(t, { embedded: true });
  const folder = await mkdtemp(join(tmpdir(), 'kineska-migrating-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const kcat = await kcatCommand();
  assert.ok(kcat, 'kcat is needed: install it');
  const programs: [name: string, text: string][] = [
    ['aws', script([await python(), '-m', 'awscli'], {})],
  ];
  // One that is installed is found as it is.
  if (kcat.line[0] !== 'kcat') programs.push(['kcat', script(kcat.line, kcat.environment)]);
  for (const [name, text] of programs) {
    await writeFile(join(folder, name), text);
    await chmod(join(folder, name), 0o755);
  }
  const operationsPort = new URL(gateway.operations).port;
  const environment = {
    PATH: [folder, process.env['PATH']].join(delimiter),
    KINESKA_OPS_PORT: operationsPort,
  };
  const asHere = (commands: string) =>
    commands
      .replaceAll('http://127.0.0.1:4567', gateway.kinesis)
      .replaceAll('127.0.0.1:9092', gateway.kafka)
      .replaceAll('http://127.0.0.1:8000', gateway.dynamodb)
      .replaceAll('node dist/kineska.mjs', ['node', ...commandLine()].join(' '));
  const steps = stepsOf(await readFile(page, 'utf8'));
  const promising = steps.filter(({ promised }) => promised !== undefined);
  assert.ok(promising.length >= 7, `${page} has lost its promises`);
  let exports = '';
  for (const { commands, promised } of steps) {
    const own = asHere(commands);
    const printed = await run('bash', ['-euo', 'pipefail', '-c', exports + own], { environment });
    if (promised !== undefined) assert.equal(printed, promised, own);
    exports += own.match(/^export .*\n/gm)?.join('') ?? '';
  }
});
