/** Shared by EnableEnhancedMonitoring and DisableEnhancedMonitoring. */
import {
  orderedMetrics,
  settingsUpdateMs,
  withSettings,
} from '../../../domain/streams/stream-settings.ts';
import {
  type ShardLevelMetric,
  shardLevelMetrics,
  type Stream,
} from '../../../domain/streams/stream.ts';
import type { KinesisContext } from '../action.ts';
import { required, structure, type ValueOf } from '../../protocol/shape.ts';
import { metricNameList, streamAddress, streamArn, streamName } from '../shapes.ts';
import { namingTheStream, streamArnOf, streamNameIn } from './stream-address.ts';
import { assertStatus } from './stream-view.ts';

export const monitoringInput = structure({
  ShardLevelMetrics: required(metricNameList),
  ...streamAddress,
});
export const monitoringOutput = structure({
  StreamName: streamName,
  CurrentShardLevelMetrics: metricNameList,
  DesiredShardLevelMetrics: metricNameList,
  StreamARN: streamArn,
});

/** `desired` computes the new metrics from the enabled ones and those in the request. */
export async function changeMonitoring(
  request: ValueOf<typeof monitoringInput>,
  context: KinesisContext,
  desired: (current: ReadonlySet<string>, named: ReadonlySet<string>) => ReadonlySet<string>,
): Promise<ValueOf<typeof monitoringOutput>> {
  const name = streamNameIn(request, context);
  const named = new Set<string>(
    request.ShardLevelMetrics.includes('ALL') ? shardLevelMetrics : request.ShardLevelMetrics,
  );
  let current: readonly ShardLevelMetric[] = [];
  const change = (stream: Stream): Stream => {
    assertStatus(stream, context);
    current = stream.settings?.metrics ?? [];
    const metrics = orderedMetrics(desired(new Set(current), named));
    if (metrics.length === current.length && metrics.every((each) => current.includes(each))) {
      return stream;
    }
    return withSettings(stream, { metrics }, context.clock.nowMs() + settingsUpdateMs);
  };
  const changed = await namingTheStream(name, context, () => context.streams.change(name, change));
  return {
    StreamName: name,
    CurrentShardLevelMetrics: current,
    DesiredShardLevelMetrics: changed.settings?.metrics ?? [],
    StreamARN: streamArnOf(name, context),
  };
}
