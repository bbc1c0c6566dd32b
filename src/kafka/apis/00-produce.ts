/**
 * Produce: records to partitions. Source: the Kafka protocol guide; KIP-951 for NodeEndpoints.
 *
 * Requests pass as they came, in pieces, where the rules of their streams let them: names of
 * topics and numbers of partitions are looked at, records are not (../produce-gate.ts). Versions 0
 * to 2 are advertised and not served, as Kafka itself does: librdkafka looks for them
 * (KAFKA-18659). From version 10 on an answer may name brokers.
 */
import {
  produceRequest as request,
  produceResponse as response,
} from '../../wire/messages/00-produce.ts';
import { defineApi } from '../api.ts';
import type { ProduceNote } from '../produce/gate.ts';
import { namesNoBrokers } from '../../wire/scan/produce.ts';

export const produce = defineApi({
  request,
  response,
  advertisedMin: 0,
  responseHookSince: 10,
  deviations: [
    'Records for a closed shard of a stream are placed on its open descendant, and answered ' +
      'with the base offset −1.',
    'Streams with Kinesis rules are written with acks=all, whatever the client asks ' +
      '(KINESKA_KAFKA_ACKS).',
    'What is over the limits of a shard is written, and throttle_time_ms tells how long to ' +
      'wait (KINESKA_LIMITS).',
  ],
  maySkip: (note, { produce: gate }) => gate.isSettled(note as ProduceNote),
  passes: namesNoBrokers,
  onResponse(answer, { brokers, produce: gate }, noted) {
    const note = noted as ProduceNote | undefined;
    const isSettled = note === undefined || gate.isSettled(note);
    if (isSettled && answer.nodeEndpoints.length === 0) return undefined;
    const advertised = async () => {
      const settled = isSettled ? answer : await gate.settle(answer, note);
      return { ...settled, nodeEndpoints: await brokers.advertiseAll(answer.nodeEndpoints) };
    };
    return advertised();
  },
});
