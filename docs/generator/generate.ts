/**
 * `npm run docs`: writes the parts of the documentation that are made from code. Between the two
 * markers of a page nothing is written by hand; a test fails when a page is out of date.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { generatedPages, replaceGenerated } from './generated.ts';

for (const [file, text] of Object.entries(generatedPages())) {
  const path = `docs/${file}`;
  writeFileSync(path, replaceGenerated(readFileSync(path, 'utf8'), text));
}
