import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { namesNoBrokers } from '../../src/kafka/produce-scan.ts';
import { writeResponseHeader } from '../../src/wire/header.ts';
import { writeMessage } from '../../src/wire/message.ts';
import { produceResponse } from '../../src/wire/messages/00-produce.ts';
import { Writer } from '../../src/wire/primitives.ts';

const partition = fc.record({
  index: fc.nat(500),
  errorCode: fc.constantFrom(0, 6),
  baseOffset: fc.bigInt({ min: -1n, max: 1n << 60n }),
  errorMessage: fc.option(fc.string(), { freq: 5 }),
  recordErrors: fc.array(
    fc.record({ batchIndex: fc.nat(9), batchIndexErrorMessage: fc.string() }),
    {
      maxLength: 1,
    },
  ),
  currentLeader: fc.record({ leaderId: fc.integer({ min: -1, max: 3 }), leaderEpoch: fc.nat(3) }),
});
const topic = fc.record({
  name: fc.string({ minLength: 1 }),
  topicId: fc.constant('AAAAAAAAAAAAAAAAAAAAAQ'),
  partitionResponses: fc.array(partition, { maxLength: 3 }),
});
const broker = fc.record({ nodeId: fc.nat(9), host: fc.string(), port: fc.nat(65_535) });

test('answers to Produce that name brokers, or tell of bad records, are seen; others pass', () => {
  const answers = fc.record({
    responses: fc.array(topic, { maxLength: 3 }),
    throttleTimeMs: fc.nat(1_000),
    nodeEndpoints: fc.array(broker, { maxLength: 1 }),
  });
  fc.assert(
    fc.property(answers, fc.integer({ min: 10, max: 13 }), fc.nat(9), (answer, version, start) => {
      const writer = new Writer();
      writeResponseHeader(writer, produceResponse, version, 7);
      writeMessage(produceResponse, version, answer, writer);
      const frame = Buffer.alloc(start + 4 + writer.size);
      frame.writeInt32BE(writer.size, start);
      Buffer.concat([...writer.finish()]).copy(frame, start + 4);
      const partitions = answer.responses.flatMap((each) => each.partitionResponses);
      const isPlain = partitions.every(
        ({ errorMessage, recordErrors }) => errorMessage === null && recordErrors.length === 0,
      );
      const expected = isPlain && answer.nodeEndpoints.length === 0;
      assert.equal(namesNoBrokers(frame, start, version), expected);
    }),
  );
});
