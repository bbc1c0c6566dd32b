/**
 * Fetch: records of partitions. Source: the Kafka protocol guide; KIP-951 for NodeEndpoints.
 *
 * Answers pass in pieces as they arrive, never decoded; those with records of streams whose shards
 * have limits are held until they are whole (../shard-throttling.ts). That is possible because
 * brokers are asked in version 15 at most: from 16 on they may add addresses at the very end of an
 * answer, behind all records. The bytes of versions 15 to 18 are the same otherwise for a
 * consumer's request and for its answer (what 17 and 18 add is for followers). See
 * docs/decisions/0005-fetch-version.md.
 */
import {
  fetchRequest as request,
  fetchResponse as response,
} from '../../wire/messages/01-fetch.ts';
import { defineApi } from '../api.ts';

export const fetch = defineApi({
  request,
  response,
  relayedVersionMax: 15,
  readsRecords: true,
  deviations: [
    'Over the limits of a shard: throttle_time_ms says how long to wait (KINESKA_LIMITS).',
    'After a leader moved, the answer does not name the new one (KIP-951): clients ask Metadata.',
  ],
});
