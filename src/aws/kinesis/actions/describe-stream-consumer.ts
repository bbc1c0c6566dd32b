/**
 * DescribeStreamConsumer:
 * https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeStreamConsumer.html
 */
import { defineAction } from '../action.ts';
import { findConsumer, viewConsumer } from '../resources/consumer-address.ts';
import { required, structure } from '../../protocol/shape.ts';
import { consumerAddress, consumerMembers, streamArn } from '../shapes.ts';
import { streamArnOf } from '../resources/stream-address.ts';
import { theConsumer } from '../resources/touched.ts';

export const describeStreamConsumer = defineAction({
  name: 'DescribeStreamConsumer',
  input: structure(consumerAddress),
  output: structure({
    ConsumerDescription: required(
      structure({ ...consumerMembers, StreamARN: required(streamArn) }),
    ),
  }),
  errors: ['InvalidArgumentException', 'LimitExceededException', 'ResourceNotFoundException'],
  rate: { perSecond: 20, per: 'stream' },
  touches: theConsumer,
  async handle(request, context) {
    const { stream, consumer } = await findConsumer(request, context);
    return {
      ConsumerDescription: {
        ...viewConsumer(stream, consumer, context),
        StreamARN: streamArnOf(stream.name, context),
      },
    };
  },
});
