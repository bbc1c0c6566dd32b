/**
 * `kineska groups` and `kineska groups GROUP`: the owner, side, position and lag of each shard of a
 * group, from the operations port of a running gateway.
 */
import { ConfigError } from '../config/setting.ts';
import type { Config } from '../config/settings.ts';
import { GatewayError } from '../domain/errors.ts';
import type { GroupReport, GroupSummary } from '../ports/group-reports.ts';

const usage = '"kineska groups" wants the id of one group, or none: kineska groups GROUP [--json].';

/** `words` are the arguments after `groups`, without `--json`. */
export async function groups(
  words: readonly string[],
  config: Config,
  asJson: boolean,
): Promise<void> {
  const [group, ...rest] = words;
  if (rest.length > 0) throw new ConfigError(usage);
  const endpoint = `http://${config.advertisedHost}:${config.opsPort}/groups`;
  if (group === undefined) {
    const told = await ask<readonly GroupSummary[]>(endpoint);
    return print(asJson ? json(told) : listing(told));
  }
  const told = await ask<GroupReport>(`${endpoint}?group=${encodeURIComponent(group)}`);
  print(asJson ? json(told) : shown(told));
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function json(value: unknown): string {
  return JSON.stringify(value, undefined, 2);
}

async function ask<T>(url: string): Promise<T> {
  let response: Response;
  try {
    response = await fetch(url);
  } catch (cause) {
    const message = `no gateway answers at ${url}: start one, or set --ops-port.`;
    throw new GatewayError('unavailable', message, { cause });
  }
  const answer = (await response.json()) as T & { message?: string };
  if (response.ok) return answer;
  throw new GatewayError('not-found', answer.message ?? `the gateway answered ${response.status}`);
}

export function listing(told: readonly GroupSummary[]): string {
  if (told.length === 0) return 'There are no groups.';
  const problems = told.flatMap(({ group, problem }) =>
    problem === undefined ? [] : printable(`Group ${group} cannot be read: ${problem}`),
  );
  const rows = told.filter(({ problem }) => problem === undefined);
  const listed = table(
    ['GROUP', 'STREAMS', 'SHARDS', 'KCL', 'KAFKA', 'LAG', 'TABLE'],
    rows.map((each) => [
      each.group,
      each.streams.join(',') || '-',
      each.shards,
      each.ownedByKcl,
      each.ownedByKafka,
      each.lagRecords,
      each.table ?? '-',
    ]),
  );
  return [listed, ...problems].join('\n');
}

export function shown({ group, table: name, shards }: GroupReport): string {
  const head = printable(`Group ${group}, lease table ${name ?? 'none'}`);
  const rows = shards.map((each) => [
    each.stream,
    each.shardId,
    each.side ?? '-',
    each.owner ?? '-',
    each.offset ?? '-',
    each.endOffset,
    each.lagRecords ?? '-',
    each.lagMs ?? '-',
    each.checkpoint ?? '-',
  ]);
  const columns = ['STREAM', 'SHARD', 'SIDE', 'OWNER', 'OFFSET', 'END', 'LAG', 'LAG MS'];
  return `${head}\n${table([...columns, 'CHECKPOINT'], rows)}`;
}

/** Kafka allows any characters in names; control characters are shown as their codes. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, (character) => {
    const code = character.charCodeAt(0).toString(16).padStart(2, '0');
    return `\\x${code}`;
  });
}

/** Columns as wide as their widest cell. */
function table(
  columns: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  const cells = [columns, ...rows].map((row) => row.map((cell) => printable(String(cell))));
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => row[index]!.length)));
  return cells
    .map((row) =>
      row
        .map((cell, index) => cell.padEnd(widths[index]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
