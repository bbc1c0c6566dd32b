/** Which files a file imports, directly and through others: by its text, nothing is run. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

const importPattern = /(?:from|import)\s*\(?\s*'(\.[^']+)'/g;

export function importsOf(file: string): readonly string[] {
  const text = readFileSync(file, 'utf8');
  return [...text.matchAll(importPattern)].map(([, path]) => normalize(join(dirname(file), path!)));
}

/** The files themselves and all that they stand on, within this repository. */
export function reachableFrom(...files: readonly string[]): ReadonlySet<string> {
  const seen = new Set<string>();
  const open = [...files];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (seen.has(next) || !existsSync(next)) continue;
    seen.add(next);
    open.push(...importsOf(next));
  }
  return seen;
}

export type Graph = ReadonlyMap<string, readonly string[]>;

/** Each circle of the graph: files of which each stands on every other (Tarjan, 1972). */
export function circlesIn(graph: Graph): readonly (readonly string[])[] {
  const circles: string[][] = [];
  const path: string[] = [];
  /** By the order of visits; how far back along the path a file leads; -1 where it is done. */
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const visit = (file: string): number => {
    order.set(file, order.size);
    lowest.set(file, order.get(file)!);
    path.push(file);
    for (const next of graph.get(file) ?? []) {
      const reached = order.has(next) ? lowest.get(next)! : visit(next);
      if (reached !== -1) lowest.set(file, Math.min(lowest.get(file)!, reached));
    }
    const low = lowest.get(file)!;
    if (low !== order.get(file)) return low;
    const circle = path.splice(path.indexOf(file));
    for (const each of circle) lowest.set(each, -1);
    if (circle.length > 1 || graph.get(file)?.includes(file) === true) circles.push(circle);
    return -1;
  };
  for (const file of graph.keys()) if (!order.has(file)) visit(file);
  return circles;
}
