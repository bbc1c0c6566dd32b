/** The tables of every API, by key: all that are in src/wire/messages. */
import { readdirSync } from 'node:fs';
import type { Message } from '../../src/wire/message.ts';

export type ApiTables = {
  readonly name: string;
  readonly request: Message;
  readonly response: Message;
};

const folder = new URL('../../src/wire/messages/', import.meta.url);

async function tablesOf(file: string): Promise<ApiTables> {
  const tables = (await import(new URL(file, folder).href)) as Record<string, Message>;
  const requests = Object.keys(tables).filter((each) => each.endsWith('Request'));
  const [exported] = requests;
  const response = tables[exported?.replace(/Request$/, 'Response') ?? ''];
  if (requests.length !== 1 || response === undefined) {
    throw new Error(`${file} does not export one request and its response`);
  }
  const request = tables[exported!]!;
  return { name: request.name.replace(/Request$/, ''), request, response };
}

const files = readdirSync(folder).filter((file) => /^\d+-/.test(file));
const unordered = await Promise.all(files.map(tablesOf));

export const apiTables: readonly ApiTables[] = unordered.toSorted(
  (one, other) => (one.request.key ?? 0) - (other.request.key ?? 0),
);
