/** Which files a file imports, directly and through others: by its text, nothing is run. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

const importPattern = /(?:from|import)\s*\(?\s*'(\.[^']+)'/g;

export function importsOf(file: string): readonly string[] {
  const text = readFileSync(file, 'utf8');
  return [...text.matchAll(importPattern)].map(([, path]) => normalize(join(dirname(file), path!)));
}

/** The file itself and all that it stands on, within this repository. */
export function reachableFrom(file: string): ReadonlySet<string> {
  const seen = new Set<string>();
  const open = [file];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (seen.has(next) || !existsSync(next)) continue;
    seen.add(next);
    open.push(...importsOf(next));
  }
  return seen;
}
