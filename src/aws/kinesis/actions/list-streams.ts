/**
 * ListStreams: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListStreams.html
 */
import { statusAt } from '../../../domain/streams/stream-settings.ts';
import { defineAction } from '../action.ts';
import { invalidArgument } from '../errors.ts';
import { pagingTokenOf } from '../../protocol/tokens.ts';
import { positionIn } from '../resources/paging.ts';
import { boolean, list, required, structure, timestamp } from '../../protocol/shape.ts';
import {
  nextToken,
  pageLimit,
  streamArn,
  streamModeDetails,
  streamName,
  streamStatus,
} from '../shapes.ts';
import { streamArnOf } from '../resources/stream-address.ts';
import { wholeSecond } from '../resources/stream-view.ts';
import { theAccount } from '../resources/touched.ts';

/** AWS accepts a larger Limit, but returns no more than this. */
export const listedStreamsMax = 100;
const purpose = 'ListStreams';

const streamSummary = structure({
  StreamName: required(streamName),
  StreamARN: required(streamArn),
  StreamStatus: required(streamStatus),
  StreamModeDetails: streamModeDetails,
  StreamCreationTimestamp: timestamp(),
});

export const listStreams = defineAction({
  name: 'ListStreams',
  input: structure({
    Limit: pageLimit,
    ExclusiveStartStreamName: streamName,
    NextToken: nextToken,
  }),
  output: structure({
    StreamNames: required(list(streamName)),
    HasMoreStreams: required(boolean()),
    NextToken: nextToken,
    StreamSummaries: list(streamSummary),
  }),
  errors: ['ExpiredNextTokenException', 'InvalidArgumentException', 'LimitExceededException'],
  rate: { perSecond: 5, per: 'account' },
  touches: theAccount,
  async handle({ Limit: limit = listedStreamsMax, ...from }, context) {
    if (from.NextToken !== undefined && from.ExclusiveStartStreamName !== undefined) {
      throw invalidArgument('ExclusiveStartStreamName and NextToken cannot be provided together.');
    }
    const after =
      from.NextToken === undefined
        ? (from.ExclusiveStartStreamName ?? '')
        : (positionIn(purpose, from.NextToken, context) as string);
    const countMax = Math.min(limit, listedStreamsMax);
    const { streams: page, last, hasMore } = await context.streams.listPage({ after, countMax });
    return {
      StreamNames: page.map(({ name }) => name),
      HasMoreStreams: hasMore,
      NextToken: hasMore ? pagingTokenOf(purpose, last, context) : undefined,
      StreamSummaries: page.map((stream) => ({
        StreamName: stream.name,
        StreamARN: streamArnOf(stream.name, context),
        StreamStatus: statusAt(stream, context.clock.nowMs()),
        StreamModeDetails: { StreamMode: stream.mode },
        StreamCreationTimestamp: wholeSecond(stream.createdAtMs),
      })),
    };
  },
});
