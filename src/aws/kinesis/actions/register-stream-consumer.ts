/**
 * RegisterStreamConsumer:
 * https://docs.aws.amazon.com/kinesis/latest/APIReference/API_RegisterStreamConsumer.html
 */
import { consumerNamed, withConsumer } from '../../../domain/streams/consumers.ts';
import type { Stream } from '../../../domain/streams/stream.ts';
import { defineAction, type KinesisContext } from '../action.ts';
import { KinesisError } from '../errors.ts';
import { registeredMaxOf } from '../limits/account-limits.ts';
import { viewConsumer } from '../resources/consumer-address.ts';
import { required, structure } from '../../protocol/shape.ts';
import { consumer, consumerName, streamAddress, streamArn, tagMap } from '../shapes.ts';
import { findStream, namingTheStream, streamNameIn } from '../resources/stream-address.ts';
import { assertStatus } from '../resources/stream-view.ts';
import { assertTagCharacters, assertTagCount, assertTagKeys } from '../resources/tags.ts';
import { theStream } from '../resources/touched.ts';

export const registerStreamConsumer = defineAction({
  name: 'RegisterStreamConsumer',
  input: structure({
    StreamARN: required(streamArn),
    ConsumerName: required(consumerName),
    StreamId: streamAddress.StreamId,
    Tags: tagMap,
  }),
  output: structure({ Consumer: required(consumer) }),
  errors: [
    'InvalidArgumentException',
    'LimitExceededException',
    'ResourceInUseException',
    'ResourceNotFoundException',
  ],
  deviations: ['A consumer is ACTIVE half a second after it was registered.'],
  rate: { perSecond: 5, per: 'stream' },
  touches: theStream,
  async handle({ ConsumerName: name, Tags: tags = {}, ...address }, context) {
    const streamName = streamNameIn(address, context);
    const what = `register consumer ${name} of stream ${streamName}`;
    assertTagKeys(Object.keys(tags));
    assertTagCharacters(Object.entries(tags).flat(), what);
    assertTagCount(tags, what, 'resource');
    const found = await findStream({ StreamName: streamName }, context);
    const max = await registeredMaxOf(found, context);
    const stream = await namingTheStream(streamName, context, () =>
      context.streams.change(streamName, (before) => {
        assertStatus(before, context, ['ACTIVE', 'UPDATING']);
        assertNew(name, before, context);
        return withConsumer(before, name, tags, context.clock.nowMs(), max);
      }),
    );
    const made = consumerNamed(stream, name);
    if (made === undefined) throw new Error(`consumer ${name} was not stored`);
    return { Consumer: viewConsumer(stream, made, context) };
  },
});

/** Errors: ResourceInUseException. */
function assertNew(name: string, stream: Stream, { account }: KinesisContext): void {
  if (consumerNamed(stream, name) === undefined) return;
  throw new KinesisError(
    'ResourceInUseException',
    `Consumer ${name} under stream ${stream.name} already exists for account ${account}.`,
  );
}
