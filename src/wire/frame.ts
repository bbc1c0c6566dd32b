/** Encodes and decodes complete frames of requests and responses, including their length. */
import { hasResponseTags, writeRequestHeader, writeResponseHeader } from './header.ts';
import { errorCodes, errorName } from './errors.ts';
import type { Decoded, Fields, Input, Message } from './message.ts';
import { isFlexible, readMessage, writeMessage } from './message.ts';
import { Reader, skipTags, Writer } from './primitives.ts';
import { passHead, type RequestHead } from './scan/request-head.ts';

/** The tables of one API. */
export type ApiTables<Q extends Fields = Fields, R extends Fields = Fields> = {
  readonly request: Message<Q>;
  readonly response: Message<R>;
};

/** `frame` starts with its length. Throws WireError. */
export function decodeRequest<Q extends Fields>(
  table: Message<Q>,
  version: number,
  frame: Buffer,
): Decoded<Q> {
  const reader = new Reader(frame);
  passHead(reader, isFlexible(table, version));
  return readMessage(table, version, reader);
}

export function encodeRequest<Q extends Fields>(
  table: Message<Q>,
  { version, correlationId, clientId }: RequestHead,
  value: Input<Q>,
): readonly Buffer[] {
  const writer = new Writer();
  writeRequestHeader(writer, table, version, correlationId, clientId ?? '');
  writeMessage(table, version, value, writer);
  return framed(writer);
}

/** `frame` starts after its length. Throws WireError. */
export function decodeResponse<R extends Fields>(
  table: Message<R>,
  version: number,
  frame: Buffer,
): Decoded<R> {
  const reader = new Reader(frame, 4);
  if (hasResponseTags(table, version)) skipTags(reader);
  return readMessage(table, version, reader);
}

export function encodeResponse<R extends Fields>(
  table: Message<R>,
  { version, correlationId }: Pick<RequestHead, 'version' | 'correlationId'>,
  value: Input<R>,
): readonly Buffer[] {
  const writer = new Writer();
  writeResponseHeader(writer, table, version, correlationId);
  writeMessage(table, version, value, writer);
  return framed(writer);
}

function framed(writer: Writer): readonly Buffer[] {
  const size = Buffer.allocUnsafe(4);
  size.writeInt32BE(writer.size);
  return [size, ...writer.finish()];
}

/** The name of a response's top-level error, for the metrics. */
export function errorNameOf(response: Readonly<Record<string, unknown>>): string | undefined {
  const code = response['errorCode'];
  return typeof code === 'number' && code !== errorCodes.NONE ? errorName(code) : undefined;
}
