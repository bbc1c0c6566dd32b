/**
 * DeregisterStreamConsumer:
 * https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DeregisterStreamConsumer.html
 */
import { withoutConsumer } from '../../../domain/streams/consumers.ts';
import { defineAction } from '../action.ts';
import { findConsumer } from '../resources/consumer-address.ts';
import { structure } from '../../protocol/shape.ts';
import { consumerAddress } from '../shapes.ts';
import { namingTheStream } from '../resources/stream-address.ts';
import { theConsumer } from '../resources/touched.ts';

export const deregisterStreamConsumer = defineAction({
  name: 'DeregisterStreamConsumer',
  input: structure(consumerAddress),
  errors: ['InvalidArgumentException', 'LimitExceededException', 'ResourceNotFoundException'],
  deviations: [
    'The consumer is gone when the call is answered, without a time in DELETING; its ' +
      'subscriptions end within two seconds.',
  ],
  rate: { perSecond: 5, per: 'stream' },
  touches: theConsumer,
  async handle(request, context) {
    const { stream, consumer } = await findConsumer(request, context);
    await namingTheStream(stream.name, context, () =>
      context.streams.change(stream.name, (before) => withoutConsumer(before, consumer)),
    );
  },
});
