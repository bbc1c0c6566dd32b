/**
 * `kineska groups` and `kineska groups GROUP`: the owner, side, position and lag of each shard of a
 * group, and how far queues are, from the operations port of a running gateway.
 */
import { ConfigError } from '../config/setting.ts';
import type { Config } from '../config/settings.ts';
import { GatewayError } from '../domain/errors.ts';
import type { GroupReport, GroupSummary } from '../ports/group-reports.ts';
import type { QueueReport, QueueSummary } from '../ports/queue-reports.ts';

const usage =
  '"kineska groups" wants the id of one group or queue, or none: kineska groups GROUP [--json].';

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
    const told = await ask<readonly Summary[]>(endpoint);
    return print(asJson ? json(told) : listing(told));
  }
  const told = await ask<GroupReport | QueueReport>(
    `${endpoint}?group=${encodeURIComponent(group)}`,
  );
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

/** Of a consumer group, or of a queue, which is a share group. */
type Summary = GroupSummary | QueueSummary;

export function listing(told: readonly Summary[]): string {
  if (told.length === 0) return 'There are no groups.';
  const queues = told.filter((each) => 'queue' in each);
  const consumers = told.filter((each): each is GroupSummary => !('queue' in each));
  return [
    ...(consumers.length > 0 ? [listed(consumers)] : []),
    ...(queues.length > 0 ? [listedQueues(queues)] : []),
  ].join('\n\n');
}

function listed(told: readonly GroupSummary[]): string {
  const rows = told.filter(({ problem }) => problem === undefined);
  const groupRows = table(
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
  return [groupRows, ...problemsOf('Group', told)].join('\n');
}

function listedQueues(told: readonly QueueSummary[]): string {
  const rows = told.filter(({ problem }) => problem === undefined);
  const queueRows = table(
    ['QUEUE', 'NAME', 'STREAM', 'SHARDS', 'VISIBLE', 'IN FLIGHT', 'DEAD'],
    rows.map((each) => [
      each.group,
      each.queue,
      each.stream,
      each.shards,
      each.visible,
      each.inFlight,
      each.deadLetters,
    ]),
  );
  return [queueRows, ...problemsOf('Queue', told)].join('\n');
}

function problemsOf(what: string, told: readonly Summary[]): readonly string[] {
  return told.flatMap(({ group, problem }) =>
    problem === undefined ? [] : printable(`${what} ${group} cannot be read: ${problem}`),
  );
}

export function shown(report: GroupReport | QueueReport): string {
  return 'queue' in report ? shownQueue(report) : shownGroup(report);
}

function shownQueue({ group, queue, stream, status, shards }: QueueReport): string {
  const head = `Queue ${queue} (${group}) of stream ${stream}, ${status}`;
  const rows = shards.map((each) => [
    each.shardId,
    each.position ?? '-',
    each.endOffset,
    each.inLog,
    each.again,
    each.inFlight,
    each.deadLetters,
    each.deadLettersInFlight,
  ]);
  const columns = ['SHARD', 'POSITION', 'END', 'IN LOG', 'AGAIN', 'IN FLIGHT', 'DEAD'];
  return `${printable(head)}\n${table([...columns, 'DEAD IN FLIGHT'], rows)}`;
}

function shownGroup({ group, table: name, shards }: GroupReport): string {
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
