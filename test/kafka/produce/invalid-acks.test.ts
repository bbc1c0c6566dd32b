/** Produce with a number of acks that there is not: the cluster's answer, and nothing written. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createStream, kafkaClient } from '../../support/doors.ts';
import { sharedEngines } from '../../support/engines.ts';
import { startGateway } from '../../support/gateway.ts';
import { produceFrame, rawClient } from '../../support/raw-client.ts';

const { kafkaBootstrap } = await sharedEngines();

for (const acks of [2, -2]) {
  test(`acks=${acks} to a stream is answered as by the cluster`, async (t) => {
    const gateway = await startGateway(t);
    const stream = await createStream(gateway.kinesis, 1);
    const answerAt = async (address: string) => {
      const client = rawClient(t, Number(address.split(':')[1]));
      client.socket.write(produceFrame(stream, { acks, correlationId: 7 }));
      const [answer] = await client.waitFor(1);
      return answer;
    };
    assert.deepEqual(await answerAt(gateway.kafka), await answerAt(kafkaBootstrap));
    const admin = kafkaClient(kafkaBootstrap).admin();
    await admin.connect();
    const [offsets] = await admin.fetchTopicOffsets(stream);
    await admin.disconnect();
    assert.equal(offsets?.high, '0');
  });
}
