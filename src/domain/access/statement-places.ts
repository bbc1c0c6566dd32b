/**
 * Where a policy's statements begin in its text: AWS's errors about a statement name its line and
 * column.
 */

export type Place = { readonly line: number; readonly column: number };

const tokens = /"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s"{}[\]:,]+/gsu;

/** In order. The text must be a JSON object. Lines and columns count from 1. */
export function statementPlaces(text: string): readonly Place[] {
  const places: Place[] = [];
  let depth = 0;
  let key = '';
  let isListed = false;
  for (const { 0: token, index } of text.matchAll(tokens)) {
    if (depth === 1 && token.startsWith('"')) key = JSON.parse(token) as string;
    const inStatement = key === 'Statement' && (depth === 1 || (depth === 2 && isListed));
    if (inStatement && token === '{') places.push(placeOf(text, index));
    if (depth === 1 && (token === '[' || token === '{')) isListed = token === '[';
    if (token === '[' || token === '{') depth += 1;
    if (token === ']' || token === '}') depth -= 1;
  }
  return places;
}

function placeOf(text: string, index: number): Place {
  const lines = text.slice(0, index).split('\n');
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}
