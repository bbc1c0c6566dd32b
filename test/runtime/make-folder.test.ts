import assert from 'node:assert/strict';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeFolder } from '../../src/runtime/make-folder.ts';

test('a folder is made with its parents, once or several times at once', async (t) => {
  const base = await mkdtemp(join(tmpdir(), 'kineska-test-'));
  t.after(() => rm(base, { recursive: true }));
  const folder = join(base, 'a', 'b', 'c');
  await Promise.all([makeFolder(folder), makeFolder(folder), makeFolder(join(base, 'a', 'd'))]);
  await makeFolder(folder);
  assert.ok((await stat(folder)).isDirectory());
});

test('what cannot be a folder is an error of the system, and no endless attempt', async (t) => {
  const base = await mkdtemp(join(tmpdir(), 'kineska-test-'));
  t.after(() => rm(base, { recursive: true }));
  const file = join(base, 'file');
  await writeFile(file, '');
  await assert.rejects(makeFolder(file), { code: 'EEXIST' });
  await assert.rejects(makeFolder(join(file, 'below')), { code: /ENOTDIR|EEXIST/ });
  if (process.platform === 'linux') {
    await assert.rejects(makeFolder('/proc/kineska'), { code: 'ENOENT' });
    await assert.rejects(makeFolder('/proc/kineska/below'), { code: 'ENOENT' });
  }
});
