/** The use cases of streams. */
import type { Stream } from '../domain/streams/stream.ts';
import { DeadLeases } from '../groups/dead-leases.ts';
import { createStreamDirectory, type StreamDirectory } from '../streams/directory.ts';
import type { ShardLimits } from '../streams/limits/shard-limits.ts';
import { OnDemandScaling } from '../streams/on-demand-scaling.ts';
import { Reshardings } from '../streams/resharding.ts';
import { StreamWriter } from '../streams/writer.ts';
import type { Backing } from './backing.ts';
import type { GatewayProcess } from './process.ts';

/** Only the directory; the leases of a deleted stream are deleted with it. */
export function directoryOf(
  { config, clock, logger }: GatewayProcess,
  { catalog, administration, tables }: Backing,
  onResharding: (stream: Stream) => void,
): StreamDirectory {
  const { catalogTable, groupTables: groups } = config;
  const deadLeases = new DeadLeases({
    ...{ tables, catalog, catalogTable, groups },
    onProblem: (table, err) => logger.warn({ table, err }, 'leases of a deleted stream'),
  });
  return createStreamDirectory({
    ...{ catalog, administration, clock, onResharding },
    onGone: (stream) => deadLeases.remove(stream),
    onProblem: (stream, err) => logger.warn({ stream, err }, 'a stream that cannot be read'),
  });
}

export type Streams = {
  readonly streams: StreamDirectory;
  readonly reshardings: Reshardings;
  readonly writer: StreamWriter;
  /** Starts the background work, which reads all streams. */
  startBackground(): void;
};

/** `shards` measure the usage of on-demand streams; without them these keep their size. */
export function streamsOf(
  gateway: GatewayProcess,
  backing: Backing,
  shards: ShardLimits | undefined,
): Streams {
  const { clock, logger, stops } = gateway;
  const { administration, log } = backing;
  const streams = directoryOf(gateway, backing, (stream) => reshardings.notice(stream));
  const onProblem = (stream: string, err: unknown) => logger.warn({ stream, err }, 'resharding');
  const reshardings: Reshardings = new Reshardings({
    ...{ streams, administration, log, clock, onProblem },
  });
  stops.push(() => reshardings.stop());
  const scaling = shards && scalingOf(gateway, shards, streams, reshardings);
  return {
    ...{ streams, reshardings },
    writer: new StreamWriter(streams, log),
    startBackground() {
      reshardings.resume().catch((error: unknown) => onProblem('', error));
      scaling?.start();
    },
  };
}

function scalingOf(
  { clock, logger, stops }: GatewayProcess,
  limits: ShardLimits,
  streams: StreamDirectory,
  reshardings: Reshardings,
): OnDemandScaling {
  const onProblem = (stream: string, err: unknown) => logger.warn({ stream, err }, 'on-demand');
  const scaling = new OnDemandScaling({ streams, reshardings, clock, limits, onProblem });
  stops.push(() => scaling.stop());
  return scaling;
}
