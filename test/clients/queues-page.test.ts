/** The program of docs/queues.md, as it stands there, and what the page says it prints. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { newName } from '../support/doors.ts';
import { sharedEngines } from '../support/engines.ts';
import { startGateway } from '../support/gateway.ts';
import { installClients, python, run } from '../support/install.ts';

await Promise.all([sharedEngines(), installClients()]);

test('the program of the page on queues prints what it promises', async (t) => {
  const { kinesis } = await startGateway(t);
  const page = await readFile('docs/queues.md', 'utf8');
  const [, program = ''] = /^```python\n(.*?)^```$/ms.exec(page) ?? [];
  const [, promised = ''] = /^```text\n(.*?)^```$/ms.exec(page) ?? [];
  assert.ok(program.includes('receive_queue_records') && promised !== '');
  const here = program
    .replaceAll('http://127.0.0.1:4567', kinesis)
    .replaceAll(/"(?:work|jobs)"/g, `"${newName()}"`);
  assert.equal(await run(await python(), ['-c', here]), promised);
});
