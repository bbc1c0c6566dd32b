/**
 * Responses that are a stream of events, as frames of `application/vnd.amazon.eventstream`: first
 * an `initial-response`, without which clients do not return the response, then a frame for each
 * event. Source: "Event stream encoding", Amazon Transcribe developer guide (the format is common
 * to AWS); SubscribeToShard of the Kinesis API reference.
 */
import { Readable } from 'node:stream';
import { EventStreamCodec } from '@smithy/eventstream-codec';
import type { Logger } from 'pino';
import { encodeBody } from './codec.ts';
import { isOurFault } from './errors.ts';
import type { Call, Service } from './service.ts';
import type { Shape } from './shape.ts';
import type { Format } from './source.ts';

export const eventStreamContentType = 'application/vnd.amazon.eventstream';

const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'),
  (characters) => Buffer.from(characters, 'utf8'),
);
/** The content type of a whole body: AWS uses it for events in JSON. */
const payloadTypes: Readonly<Record<Format, string>> = {
  json: 'application/x-amz-json-1.1',
  cbor: 'application/x-amz-cbor-1.1',
};

/** The member of an action's output that is a stream of events. */
export type EventMember = { readonly name: string; readonly shape: Shape<unknown> };

/**
 * The output as bytes. The stream pulls: the next event is requested once the client has received
 * the last one. An error of the events becomes an exception frame and ends the stream.
 */
export function eventStreamOf(
  { name, shape }: EventMember,
  output: unknown,
  call: Call,
  service: Pick<Service, 'errorOf'>,
  logger: Logger,
): Readable {
  const events = (output as Record<string, AsyncIterable<Record<string, unknown>>>)[name];
  if (events === undefined) throw new Error(`there is no ${name} in the output`);
  return Readable.from(frames(shape, events, call, service, logger), {
    objectMode: false,
    highWaterMark: 1,
  });
}

async function* frames(
  shape: Shape<unknown>,
  events: AsyncIterable<Record<string, unknown>>,
  call: Call,
  service: Pick<Service, 'errorOf'>,
  logger: Logger,
): AsyncGenerator<Buffer> {
  const { format } = call;
  yield frame('event', 'initial-response', bytesOf({}, format), format);
  try {
    for await (const event of events) {
      yield framesOf(event, shape, format);
    }
  } catch (thrown) {
    if (call.signal.aborted) return;
    const error = service.errorOf(thrown);
    if (isOurFault(error)) logger.error({ err: thrown }, 'event stream failed');
    // The only exception within a stream that clients treat as the server's fault.
    const name = isOurFault(error) ? 'InternalFailureException' : error.exception;
    const { message } = error;
    yield frame('exception', name, bytesOf({ message }, format), format);
  }
}

/** Frames by event, so that an event for many clients is encoded once. */
const encodedEvents: Readonly<Record<Format, WeakMap<object, Buffer>>> = {
  json: new WeakMap(),
  cbor: new WeakMap(),
};

function framesOf(event: Record<string, unknown>, shape: Shape<unknown>, format: Format): Buffer {
  const known = encodedEvents[format].get(event);
  if (known !== undefined) return known;
  const encoded = Object.entries(event).map(([name, value]) =>
    frame('event', name, bytesOf(shape.members[name]?.write(value, format), format), format),
  );
  const bytes = encoded.length === 1 ? encoded[0]! : Buffer.concat(encoded);
  encodedEvents[format].set(event, bytes);
  return bytes;
}

function bytesOf(value: unknown, format: Format): Uint8Array {
  const encoded: string | Buffer = encodeBody(value, format);
  return typeof encoded === 'string' ? Buffer.from(encoded) : encoded;
}

function text(value: string): { type: 'string'; value: string } {
  return { type: 'string', value };
}

function frame(
  kind: 'event' | 'exception',
  name: string,
  body: Uint8Array,
  format: Format,
): Buffer {
  const encoded = codec.encode({
    headers: {
      [kind === 'event' ? ':event-type' : ':exception-type']: text(name),
      ':content-type': text(payloadTypes[format]),
      ':message-type': text(kind),
    },
    body,
  });
  return Buffer.from(encoded.buffer, encoded.byteOffset, encoded.byteLength);
}
