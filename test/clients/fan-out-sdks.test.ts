/** Enhanced fan-out as the SDKs have it, and the SDK for Go 2 at all. */
import { test } from 'node:test';
import { sharedEngines } from '../support/engines.ts';
import { startGateway } from '../support/gateway.ts';
import { awsGo, awsProgram, installClients, run } from '../support/install.ts';
import { createStream } from '../support/doors.ts';
import { assertAllOnce, kinesisRecords } from '../support/checks/records.ts';

await Promise.all([sharedEngines(), installClients()]);

const count = 2_000;
const many = String(count);

test('the SDK for Go 2 puts, gets and subscribes, with and without TLS', async (t) => {
  const { kinesis, kinesisTls, certificate } = await startGateway(t);
  const go = await awsGo();
  const trusting = { environment: { AWS_CA_BUNDLE: certificate } };
  for (const endpoint of [kinesis, kinesisTls]) {
    const stream = await createStream(kinesis);
    await run(go, ['put', endpoint, stream, many], trusting);
    const read = await run(go, ['read', endpoint, stream], trusting);
    assertAllOnce(kinesisRecords(read), count);
    const subscribed = await run(go, ['subscribe', endpoint, stream, many], trusting);
    assertAllOnce(kinesisRecords(subscribed), count);
  }
});

test('the asynchronous SDK for Java subscribes over HTTP/2, with and without TLS', async (t) => {
  const { kinesis, kinesisTls, certificate } = await startGateway(t);
  const stream = await createStream(kinesis);
  await awsProgram(['put', kinesis, stream, many]);
  const plain = await awsProgram(['subscribe', kinesis, stream, many]);
  assertAllOnce(kinesisRecords(plain), count);
  const safe = await awsProgram(['subscribe', kinesisTls, stream, many, certificate]);
  assertAllOnce(kinesisRecords(safe), count);
});
