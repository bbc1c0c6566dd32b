/** Whole frames as a client or a broker sends them, encoded by the wire tables. */
import { hasResponseTags, writeRequestHeader, writeResponseHeader } from '../../src/wire/header.ts';
import {
  type Decoded,
  type Fields,
  type Input,
  type Message,
  readMessage,
  writeMessage,
} from '../../src/wire/message.ts';
import { Reader, skipTags, Writer } from '../../src/wire/primitives.ts';

const anyCorrelationId = 7;

function framed(writer: Writer): Buffer {
  const size = Buffer.alloc(4);
  size.writeInt32BE(writer.size);
  return Buffer.concat([size, ...writer.finish()]);
}

export function requestFrame<F extends Fields>(
  table: Message<F>,
  version: number,
  value: Input<F>,
  clientId = 'a client',
  correlationId = anyCorrelationId,
): Buffer {
  const writer = new Writer();
  writeRequestHeader(writer, table as Message, version, correlationId, clientId);
  writeMessage(table, version, value, writer);
  return framed(writer);
}

export function answerFrame<F extends Fields>(
  table: Message<F>,
  version: number,
  value: Input<F>,
): Buffer {
  const writer = new Writer();
  writeResponseHeader(writer, table as Message, version, anyCorrelationId);
  writeMessage(table, version, value, writer);
  return framed(writer);
}

export function readAnswer<F extends Fields>(
  table: Message<F>,
  version: number,
  frame: Buffer,
): Decoded<F> {
  const reader = new Reader(frame, 8);
  if (hasResponseTags(table as Message, version)) skipTags(reader);
  return readMessage(table, version, reader);
}
