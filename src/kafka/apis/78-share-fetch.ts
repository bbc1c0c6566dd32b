/**
 * ShareFetch: records of a share group. Source: KIP-932; KIP-951 for NodeEndpoints.
 * The addresses in an answer become those of the gateway's ports; records pass by reference.
 */
import {
  shareFetchRequest as request,
  shareFetchResponse as response,
} from '../../wire/messages/78-share-fetch.ts';
import { defineApi } from '../api.ts';

export const shareFetch = defineApi({
  request,
  response,
  onResponse(answer, { brokers }) {
    if (answer.nodeEndpoints.length === 0) return undefined;
    return brokers
      .advertiseAll(answer.nodeEndpoints)
      .then((nodeEndpoints) => ({ ...answer, nodeEndpoints }));
  },
});
