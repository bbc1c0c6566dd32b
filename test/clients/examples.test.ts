/** The programs of docs/examples print what their page promises, run as the page says. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sharedEngines } from '../support/engines.ts';
import { installClients } from '../support/install.ts';
import { examples, isLong, runExamples } from './examples.ts';

await Promise.all([sharedEngines(), installClients()]);

test('programs of docs/examples run as their page says', async (t) => {
  const short = examples.filter((each) => !isLong(each));
  assert.equal(short.length, 4, 'the page has lost an example');
  await runExamples(t, short);
});
