/** The programs of docs/examples, and what their page says of them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { TestContext } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { startGateway } from '../support/gateway.ts';
import { exampleFolder, python, run } from '../support/install.ts';

export type Example = {
  readonly title: string;
  readonly folder: string;
  /** The command that runs it, and what that prints. */
  readonly line: string;
  readonly promised: string;
};

export const examples = examplesOf(readFileSync('docs/examples/README.md', 'utf8'));

function examplesOf(page: string): Example[] {
  const sections = page.split(/^## /m).filter((each) => each.includes('```text'));
  return sections.map((section) => {
    const found = (pattern: RegExp) => pattern.exec(section)?.[1] ?? '';
    return {
      title: found(/^(.+)$/m),
      folder: found(/\]\(([\w-]+)\//),
      line: found(/^```sh\n(.+)\n```$/m),
      promised: found(/^```text\n(.+?)^```$/ms),
    };
  });
}

const timeoutMs = 600_000;

/** Runs each as its page says, side by side, before one gateway. */
export async function runExamples(t: TestContext, chosen: readonly Example[]): Promise<void> {
  const gateway = await startGateway(t);
  const environment = {
    PATH: `${dirname(await python())}:${process.env['PATH']}`,
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    KINESIS_ENDPOINT: gateway.kinesis,
    KAFKA_BOOTSTRAP: gateway.kafka,
    DYNAMODB_ENDPOINT: gateway.dynamodb,
  };
  await Promise.all(
    chosen.map(({ title, folder, line, promised }) =>
      t.test(title, async () => {
        const options = { folder: await exampleFolder(folder), environment, timeoutMs };
        const printed = await run('sh', ['-c', line], options);
        assert.equal(stripVTControlCharacters(printed), promised);
      }),
    ),
  );
}

/** KCL 3 assigns leases every 20 s, and to workers that have reported their load. */
export const isLong = ({ folder }: Example): boolean => folder.startsWith('kcl-');
