/**
 * Produce: records to partitions. Source: the Kafka protocol guide; KIP-951 for NodeEndpoints.
 *
 * Requests pass in pieces, never decoded beyond `acks`. Versions 0 to 2 are advertised and not
 * served, as Kafka itself does: librdkafka looks for them (KAFKA-18659). From version 10 on an
 * answer may name brokers.
 */
import {
  produceRequest as request,
  produceResponse as response,
} from '../../wire/messages/00-produce.ts';
import { defineApi } from '../api.ts';

export const produce = defineApi({
  request,
  response,
  advertisedMin: 0,
  responseHookSince: 10,
  onResponse(answer, { brokers }) {
    if (answer.nodeEndpoints.length === 0) return undefined;
    return brokers
      .advertiseAll(answer.nodeEndpoints)
      .then((nodeEndpoints) => ({ ...answer, nodeEndpoints }));
  },
});
