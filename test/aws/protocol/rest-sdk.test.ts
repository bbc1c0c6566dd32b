/** REST-JSON as AWS's own SDK speaks it: operations of Lambda and of Kinesis Video Streams. */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test, type TestContext } from 'node:test';
import {
  GetAccountSettingsCommand,
  InvokeCommand,
  LambdaClient,
  ListEventSourceMappingsCommand,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-lambda';
import { GetMediaCommand, KinesisVideoMediaClient } from '@aws-sdk/client-kinesis-video-media';
import { AwsError } from '../../../src/aws/protocol/errors.ts';
import {
  header,
  label,
  payload,
  query,
  statusCode,
} from '../../../src/aws/protocol/http-bindings.ts';
import {
  blob,
  integer,
  list,
  map,
  required,
  stream,
  string,
  structure,
  timestamp,
} from '../../../src/aws/protocol/shape.ts';
import { serve } from '../kinesis/door.ts';
import { restAction, restService } from './rest-service.ts';

const atMs = 1_576_540_098_500;
const arn = 'arn:aws:lambda:us-east-1:000000000000:function:it';

const invoke = restAction({
  name: 'Invoke',
  http: { method: 'POST', uri: '/2015-03-31/functions/{FunctionName}/invocations' },
  input: structure({
    FunctionName: label(string()),
    Qualifier: query('Qualifier', string()),
    InvocationType: header('X-Amz-Invocation-Type', string()),
    Payload: payload(blob()),
  }),
  output: structure({
    StatusCode: statusCode(integer()),
    FunctionError: header('X-Amz-Function-Error', string()),
    ExecutedVersion: header('X-Amz-Executed-Version', string()),
    Payload: payload(blob()),
  }),
  async handle({ FunctionName, Qualifier, InvocationType, Payload }) {
    if (FunctionName === 'none') {
      throw new AwsError('ResourceNotFoundException', 404, `Function not found: ${FunctionName}`);
    }
    if (InvocationType === 'Event') return { StatusCode: 202 };
    const answer = { FunctionName, sent: JSON.parse(String(Payload)) as unknown };
    return {
      StatusCode: 200,
      FunctionError: 'Unhandled',
      ExecutedVersion: Qualifier,
      Payload: Buffer.from(JSON.stringify(answer)),
    };
  },
});

const mappings = restAction({
  name: 'ListEventSourceMappings',
  http: { method: 'GET', uri: '/2015-03-31/event-source-mappings' },
  input: structure({
    FunctionName: query('FunctionName', string()),
    MaxItems: query('MaxItems', integer({ min: 1, max: 10_000 })),
  }),
  output: structure({
    EventSourceMappings: list(
      structure({
        UUID: string(),
        FunctionArn: string(),
        BatchSize: integer(),
        LastModified: timestamp(),
      }),
    ),
  }),
  handle: async ({ FunctionName, MaxItems }) => ({
    EventSourceMappings: [
      { UUID: 'u', FunctionArn: FunctionName, BatchSize: MaxItems, LastModified: atMs },
    ],
  }),
});

const tags = new Map<string, string>();
const tagResource = restAction({
  name: 'TagResource',
  http: { method: 'POST', uri: '/2017-03-31/tags/{Resource}', status: 204 },
  input: structure({ Resource: label(string()), Tags: required(map(string(), string())) }),
  async handle({ Resource, Tags }) {
    assert.equal(Resource, arn);
    for (const [key, value] of Object.entries(Tags)) tags.set(key, value);
  },
});
const untagResource = restAction({
  name: 'UntagResource',
  http: { method: 'DELETE', uri: '/2017-03-31/tags/{Resource}', status: 204 },
  input: structure({ Resource: label(string()), TagKeys: query('tagKeys', list(string())) }),
  async handle({ TagKeys = [] }) {
    for (const key of TagKeys) tags.delete(key);
  },
});

const getMedia = restAction({
  name: 'GetMedia',
  http: { method: 'POST', uri: '/getMedia' },
  input: structure({
    StreamName: string(),
    StartSelector: required(structure({ StartSelectorType: required(string()) })),
  }),
  output: structure({
    ContentType: header('Content-Type', string()),
    Payload: payload(stream()),
  }),
  handle: async ({ StreamName, StartSelector }) => ({
    ContentType: 'video/webm',
    Payload: Readable.from([`${StreamName} from `, StartSelector.StartSelectorType]),
  }),
});

async function settings(t: TestContext) {
  const { port } = await serve(t, [
    restService([invoke, mappings, tagResource, untagResource], 'lambda'),
    restService([getMedia], 'kinesisvideo'),
  ]);
  return {
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
    maxAttempts: 1,
  };
}

test('labels, queries, headers, payloads and statuses are those of the SDK', async (t) => {
  const client = new LambdaClient(await settings(t));
  const sent = { text: 'ä', list: [1, 2] };
  const answer = await client.send(
    new InvokeCommand({ FunctionName: arn, Qualifier: 'live', Payload: JSON.stringify(sent) }),
  );
  assert.deepEqual(
    [answer.StatusCode, answer.FunctionError, answer.ExecutedVersion],
    [200, 'Unhandled', 'live'],
  );
  assert.deepEqual(JSON.parse(answer.Payload!.transformToString()), { FunctionName: arn, sent });
  const event = await client.send(
    new InvokeCommand({ FunctionName: 'f', InvocationType: 'Event', Payload: '{}' }),
  );
  assert.equal(event.StatusCode, 202);
  const listed = await client.send(
    new ListEventSourceMappingsCommand({ FunctionName: arn, MaxItems: 7 }),
  );
  const [mapping] = listed.EventSourceMappings!;
  assert.deepEqual(
    [mapping?.UUID, mapping?.FunctionArn, mapping?.BatchSize, mapping?.LastModified?.getTime()],
    ['u', arn, 7, atMs],
  );
});

test('answers without a body, and lists in the query', async (t) => {
  const client = new LambdaClient(await settings(t));
  const added = await client.send(
    new TagResourceCommand({ Resource: arn, Tags: { a: '1', 'b c': '2', d: '3' } }),
  );
  assert.equal(added.$metadata.httpStatusCode, 204);
  await client.send(new UntagResourceCommand({ Resource: arn, TagKeys: ['a', 'b c'] }));
  assert.deepEqual([...tags], [['d', '3']]);
});

test('exceptions have their names and sentences, those of unknown operations too', async (t) => {
  const client = new LambdaClient(await settings(t));
  await assert.rejects(client.send(new InvokeCommand({ FunctionName: 'none', Payload: '{}' })), {
    name: 'ResourceNotFoundException',
    message: 'Function not found: none',
  });
  await assert.rejects(client.send(new ListEventSourceMappingsCommand({ MaxItems: 0 })), {
    name: 'ValidationException',
    message: /Value '0' at 'maxItems' failed to satisfy constraint/,
  });
  await assert.rejects(client.send(new GetAccountSettingsCommand()), (error: Error) => {
    const { httpStatusCode } = (error as { $metadata?: { httpStatusCode?: number } }).$metadata!;
    assert.deepEqual([error.name, httpStatusCode], ['UnknownOperationException', 404]);
    return true;
  });
});

test('an answer that is a stream comes with the type that the action gives it', async (t) => {
  const client = new KinesisVideoMediaClient(await settings(t));
  const { ContentType, Payload } = await client.send(
    new GetMediaCommand({ StreamName: 's', StartSelector: { StartSelectorType: 'NOW' } }),
  );
  assert.equal(ContentType, 'video/webm');
  assert.equal(await Payload!.transformToString(), 's from NOW');
});
