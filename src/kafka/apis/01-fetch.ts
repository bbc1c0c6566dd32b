/**
 * Fetch: records of partitions. Source: the Kafka protocol guide; KIP-951 for NodeEndpoints.
 *
 * Answers pass in pieces as they arrive, never decoded; those with records of streams whose shards
 * have limits are held until they are whole (../rules/shard-throttling.ts). That is possible because
 * brokers are asked in version 15 at most: from 16 on they may add addresses at the very end of an
 * answer, behind all records. The bytes of versions 15 to 18 are the same otherwise for a
 * consumer's request and for its answer (what 17 and 18 add is for followers). See
 * docs/decisions/0005-fetch-version.md.
 */
import {
  fetchRequest as request,
  fetchResponse as response,
} from '../../wire/messages/01-fetch.ts';
import { writeVersion } from '../../wire/scan/request-head.ts';
import { defineApi } from '../api.ts';

const askedVersionMax = 15;

export const fetch = defineApi({
  request,
  response,
  deviations: [
    'Over the limits of a shard: throttle_time_ms says how long to wait (KINESKA_LIMITS).',
    'After a leader moved, the answer does not name the new one (KIP-951): clients ask Metadata.',
  ],
  passage(line, { throttling }) {
    const reader = throttling?.reader();
    return {
      begin(buffer, position, head) {
        if (head.version > askedVersionMax) writeVersion(buffer, position, askedVersionMax);
        const answer = line.expect(head, undefined);
        answer.throttle = reader?.look(buffer, position, head);
        return 'pass';
      },
    };
  },
});
