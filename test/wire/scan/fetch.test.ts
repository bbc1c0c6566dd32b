import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { ValueOf } from '../../../src/wire/message.ts';
import { fetchRequest, fetchResponse } from '../../../src/wire/messages/01-fetch.ts';
import { WireError } from '../../../src/wire/primitives.ts';
import { fetchSessionOf, scanFetch, scanFetched } from '../../../src/wire/scan/fetch.ts';
import { readHead } from '../../../src/wire/scan/request-head.ts';
import type { TopicLabel } from '../../../src/wire/scan/topic-label.ts';
import { answerFrame, requestFrame } from '../../support/frames.ts';
import { arbitraryOf, isIn, versionsOf } from '../../support/wire-values.ts';

const { topics: topicsField } = fetchRequest.fields;

/** The label that a version carries. */
function labelOf(version: number, topic: { topic: string; topicId: string }): TopicLabel {
  const fields = topicsField.element!.fields!;
  return {
    name: isIn(fields['topic']!, version) ? topic.topic : undefined,
    id: isIn(fields['topicId']!, version) ? topic.topicId : undefined,
  };
}

for (const version of versionsOf(fetchRequest)) {
  test(`Fetch version ${version}: topics, size and session of any request are found`, () => {
    const requests = arbitraryOf(fetchRequest, version) as fc.Arbitrary<
      ValueOf<typeof fetchRequest>
    >;
    fc.assert(
      fc.property(requests, fc.nat(9), (value, start) => {
        const frame = requestFrame(fetchRequest, version, value);
        const buffer = Buffer.concat([Buffer.alloc(start), frame, Buffer.alloc(3)]);
        const head = readHead(frame, 0)!;
        const { maxBytesAt, sessionEpoch, topics } = scanFetch(buffer, start, head);
        assert.equal(buffer.readInt32BE(maxBytesAt), value.maxBytes);
        const hasSessions = isIn(fetchRequest.fields.sessionEpoch, version);
        assert.equal(sessionEpoch, hasSessions ? value.sessionEpoch : -1);
        assert.deepEqual(
          topics,
          value.topics.map((topic) => labelOf(version, topic)),
        );
      }),
      { numRuns: 40 },
    );
  });
}

for (const version of versionsOf(fetchResponse)) {
  test(`Fetch version ${version}: the bytes of each partition in any answer are found`, () => {
    const answers = arbitraryOf(fetchResponse, version) as fc.Arbitrary<
      ValueOf<typeof fetchResponse>
    >;
    fc.assert(
      fc.property(answers, (value) => {
        const frame = answerFrame(fetchResponse, version, value);
        const seen: [TopicLabel, number, number][] = [];
        const throttleAt = scanFetched(frame, version, (...each) => void seen.push(each));
        assert.equal(frame.readInt32BE(throttleAt), value.throttleTimeMs);
        const sessionId = isIn(fetchResponse.fields.sessionId, version) ? value.sessionId : 0;
        assert.equal(fetchSessionOf(frame, 0, version), sessionId);
        for (let cut = 8; cut < 24; cut++) {
          const found = fetchSessionOf(frame.subarray(0, cut), 0, version);
          assert.ok(found === undefined || found === sessionId);
        }
        const expected = value.responses.flatMap(({ partitions, ...topic }) =>
          partitions.map(({ partitionIndex, records }) => [
            labelOf(version, topic),
            partitionIndex,
            records?.length ?? 0,
          ]),
        );
        assert.deepEqual(seen, expected);
      }),
      { numRuns: 40 },
    );
  });
}

test('a truncated request is invalid', () => {
  const topics = [{ topic: 'a', partitions: [{ partition: 1 }] }];
  const frame = requestFrame(fetchRequest, 12, { topics });
  const head = readHead(frame, 0)!;
  assert.equal(scanFetch(frame, 0, head).topics.length, 1);
  for (const size of [30, head.size - 20]) {
    assert.throws(() => scanFetch(frame, 0, { version: 12, size }), WireError);
  }
});
