/** ApiVersions from version 5 on says which node is meant (KIP-1242): a port stands for a node. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { metadataRequest, metadataResponse } from '../../../src/wire/messages/03-metadata.ts';
import {
  apiVersionsRequest,
  apiVersionsResponse,
} from '../../../src/wire/messages/18-api-versions.ts';
import { connectTo } from '../../support/kafka-connection.ts';
import { startKafkaDoor } from '../../support/kafka-door.ts';

const metadataApi = { request: metadataRequest, response: metadataResponse };
const versionsApi = { request: apiVersionsRequest, response: apiVersionsResponse };
const rebootstrapRequired = 129;
const client = { clientSoftwareName: 'a-client', clientSoftwareVersion: '1' };

test('a port stands for its node, whichever broker answers; other nodes are refused', async (t) => {
  // Broker 1 is the only one of the cluster: it stands in for broker 9, whose port is the first.
  const door = await startKafkaDoor(t, { brokerIds: [9, 1] });
  const ofNine = await connectTo(t, door.bootstrap);
  const { clusterId, brokers } = await ofNine.request(metadataApi, { topics: [] });
  assert.deepEqual(
    brokers.map(({ nodeId }) => nodeId),
    [1],
  );
  const ofOne = await connectTo(t, `${brokers[0]!.host}:${brokers[0]!.port}`);
  const ask = async (connection: typeof ofOne, wanted: { clusterId: string; nodeId: number }) => {
    const answer = await connection.request(versionsApi, { ...client, ...wanted });
    return answer.errorCode;
  };
  const cluster = clusterId!;
  assert.equal(await ask(ofNine, { clusterId: cluster, nodeId: 9 }), 0, 'its own, stood in for');
  assert.equal(await ask(ofNine, { clusterId: cluster, nodeId: 5 }), rebootstrapRequired);
  assert.equal(await ask(ofNine, { clusterId: 'another', nodeId: 9 }), rebootstrapRequired);
  assert.equal(await ask(ofOne, { clusterId: cluster, nodeId: 1 }), 0, 'its own');
  assert.equal(await ask(ofOne, { clusterId: cluster, nodeId: 9 }), rebootstrapRequired);
  assert.equal(await ask(ofOne, { clusterId: 'another', nodeId: 1 }), rebootstrapRequired);
});

test('a client that says which node it means in version 5 gets what others get in 4', async (t) => {
  const door = await startKafkaDoor(t);
  const connection = await connectTo(t, door.bootstrap);
  const [inFour, inFive] = await Promise.all(
    [4, 5].map((versionMax) => connection.request(versionsApi, client, { versionMax })),
  );
  assert.deepEqual(inFive!.apiKeys, inFour!.apiKeys);
  assert.deepEqual(
    inFive!.apiKeys.find(({ apiKey }) => apiKey === apiVersionsRequest.key),
    { apiKey: apiVersionsRequest.key, minVersion: 0, maxVersion: 5 },
  );
});
