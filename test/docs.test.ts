import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { generatedPages, replaceGenerated } from '../docs/generator/generated.ts';

for (const [file, text] of Object.entries(generatedPages())) {
  test(`docs/${file} is what the code says`, () => {
    const page = readFileSync(`docs/${file}`, 'utf8');
    assert.equal(page, replaceGenerated(page, text), 'run npm run docs');
  });
}
