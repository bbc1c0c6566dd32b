/**
 * The operations port: `/metrics` for Prometheus, `/healthz` (the process responds), `/readyz` (the
 * engines respond too, or which one does not), `/groups`, `/groups/GROUP` and `/groups?group=GROUP`
 * (the owners of the shards of groups, and the state of queues). The last form works for every
 * name: HTTP clients remove `.` and `..` from paths.
 */
import { fastify, type FastifyInstance, type FastifyReply } from 'fastify';
import type { Registry } from 'prom-client';
import type { GroupReporting } from '../ports/group-reports.ts';
import type { QueueReporting } from '../ports/queue-reports.ts';
import { within } from '../runtime/deadline.ts';

/** An engine must respond to a probe within this time to count as ready. */
const probeTimeoutMs = 2_000;

/** Rejects if the engine cannot serve requests. */
export type Probe = { readonly name: string; check(): Promise<void> };

/** The most groups, and the most queues, in one listing. */
const groupsListedMax = 1_000;
/** Kafka allows names that do not fit into the head of an HTTP request. */
const groupCharactersMax = 16_384;

export type OperationsSettings = {
  readonly host: string;
  readonly port: number;
  readonly registry: Pick<Registry, 'metrics' | 'contentType'>;
  readonly probes: readonly Probe[];
  readonly groups: GroupReporting;
  readonly queues: QueueReporting;
};

export type OperationsServer = {
  /** Listens; returns the bound port. */
  start(): Promise<number>;
  stop(): Promise<void>;
};

export function createOperationsServer(settings: OperationsSettings): OperationsServer {
  const routerOptions = { maxParamLength: groupCharactersMax };
  const server = fastify({ forceCloseConnections: true, routerOptions });
  addMetrics(server, settings.registry);
  addGroups(server, settings);
  server.get('/healthz', async () => ({ status: 'ok' }));
  server.get('/readyz', async (_request, reply) => {
    const missing = await failing(settings.probes);
    if (missing.length === 0) return { status: 'ready' };
    return reply.code(503).send({ status: 'not ready', missing });
  });
  return {
    async start() {
      await server.listen({ host: settings.host, port: settings.port });
      const address = server.server.address();
      return typeof address === 'object' && address !== null ? address.port : settings.port;
    },
    stop: () => server.close(),
  };
}

function addGroups(
  server: FastifyInstance,
  { groups, queues }: Pick<OperationsSettings, 'groups' | 'queues'>,
): void {
  const list = async () => {
    const lists = [groups.list(groupsListedMax), queues.list(groupsListedMax)] as const;
    return (await Promise.all(lists)).flat();
  };
  const show = async (group: string, reply: FastifyReply) => {
    const report = (await queues.show(group)) ?? (await groups.show(group));
    return report ?? reply.code(404).send({ message: `there is no group ${group}` });
  };
  type Named = { readonly group: string };
  server.get<{ Querystring: Partial<Named> }>('/groups', ({ query }, reply) =>
    query.group === undefined ? list() : show(query.group, reply),
  );
  server.get<{ Params: Named }>('/groups/:group', ({ params }, reply) => show(params.group, reply));
}

function addMetrics(server: FastifyInstance, registry: OperationsSettings['registry']): void {
  server.get('/metrics', async (_request, reply) => {
    const text = await registry.metrics();
    return reply.type(registry.contentType).send(text);
  });
}

async function failing(probes: readonly Probe[]): Promise<{ engine: string; reason: string }[]> {
  const results = await Promise.all(
    probes.map(async ({ name, check }) => {
      const reason = await outcome(check());
      return reason === undefined ? [] : [{ engine: name, reason }];
    }),
  );
  return results.flat();
}

/** Why the probe failed, or undefined if it succeeded. */
function outcome(check: Promise<void>): Promise<string | undefined> {
  const checked = check.then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  return within(probeTimeoutMs, checked, () => `no answer within ${probeTimeoutMs} ms`);
}
