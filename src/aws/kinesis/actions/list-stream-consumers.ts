/**
 * ListStreamConsumers:
 * https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListStreamConsumers.html
 */
import { defineAction } from '../action.ts';
import { viewConsumer } from '../resources/consumer-address.ts';
import { invalidArgument, streamNotFound } from '../errors.ts';
import { pagingTokenOf } from '../../protocol/tokens.ts';
import { positionIn } from '../resources/paging.ts';
import { list, required, structure, timestamp } from '../../protocol/shape.ts';
import { consumer, nextToken, pageLimit, streamAddress, streamArn } from '../shapes.ts';
import { findStream } from '../resources/stream-address.ts';
import { assertStatus } from '../resources/stream-view.ts';
import { theStream } from '../resources/touched.ts';

const listedConsumersDefault = 100;
const purpose = 'ListStreamConsumers';

type Position = { readonly stream: string; readonly logId: string; readonly after: string };

export const listStreamConsumers = defineAction({
  name: 'ListStreamConsumers',
  input: structure({
    StreamARN: required(streamArn),
    NextToken: nextToken,
    MaxResults: pageLimit,
    StreamCreationTimestamp: timestamp(),
    StreamId: streamAddress.StreamId,
  }),
  output: structure({ Consumers: list(consumer), NextToken: nextToken }),
  errors: [
    'ExpiredNextTokenException',
    'InvalidArgumentException',
    'LimitExceededException',
    'ResourceInUseException',
    'ResourceNotFoundException',
  ],
  rate: { perSecond: 5, per: 'stream' },
  touches: theStream,
  async handle(request, context) {
    const { NextToken: token, StreamCreationTimestamp: created } = request;
    if (token !== undefined && created !== undefined) {
      throw invalidArgument('NextToken and StreamCreationTimestamp cannot be provided together.');
    }
    const position =
      token === undefined ? undefined : (positionIn(purpose, token, context) as Position);
    const stream = await findStream(request, context, 'fresh');
    if (position !== undefined && position.stream !== stream.name) {
      throw invalidArgument('The NextToken is not of the stream that StreamARN names.');
    }
    const isAnother =
      (position !== undefined && position.logId !== stream.logId) ||
      // Clients send it back in whole seconds or as they received it.
      (created !== undefined && Math.abs(created - stream.createdAtMs) >= 1000);
    if (isAnother) throw streamNotFound(stream.name, context.account);
    assertStatus(stream, context, ['ACTIVE', 'UPDATING']);
    const after = position?.after ?? '';
    const listed = stream.consumers.filter(({ name }) => name > after);
    const page = listed.slice(0, request.MaxResults ?? listedConsumersDefault);
    const last = page.at(-1);
    const { name, logId } = stream;
    return {
      Consumers: page.map((each) => viewConsumer(stream, each, context)),
      NextToken:
        last !== undefined && page.length < listed.length
          ? pagingTokenOf(purpose, { stream: name, logId, after: last.name }, context)
          : undefined,
    };
  },
});
