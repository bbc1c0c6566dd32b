/** Whole frames, for the APIs whose hooks want to see or change them. */
import { hasResponseTags, writeRequestHeader, writeResponseHeader } from '../../wire/header.ts';
import { errorCodes, errorName } from '../../wire/errors.ts';
import type { Decoded, Fields, Input } from '../../wire/message.ts';
import { isFlexible, readMessage, writeMessage } from '../../wire/message.ts';
import { Reader, skipTags, Writer } from '../../wire/primitives.ts';
import type { KafkaApi } from '../api.ts';
import { passHead, type RequestHead } from '../../wire/scan/request-head.ts';

/** `frame` begins with its length. Throws WireError. */
export function decodeRequest(api: KafkaApi, head: RequestHead, frame: Buffer): Decoded<Fields> {
  const reader = new Reader(frame);
  passHead(reader, isFlexible(api.request, head.version));
  return readMessage(api.request, head.version, reader);
}

export function encodeRequest(
  api: KafkaApi,
  { version, correlationId, clientId }: RequestHead,
  value: Input<Fields>,
): readonly Buffer[] {
  const writer = new Writer();
  writeRequestHeader(writer, api.request, version, correlationId, clientId ?? '');
  writeMessage(api.request, version, value, writer);
  return framed(writer);
}

/** `frame` begins behind its length. Throws WireError. */
export function decodeResponse(api: KafkaApi, head: RequestHead, frame: Buffer): Decoded<Fields> {
  const reader = new Reader(frame, 4);
  if (hasResponseTags(api.response, head.version)) skipTags(reader);
  return readMessage(api.response, head.version, reader);
}

export function encodeResponse(
  api: KafkaApi,
  { version, correlationId }: RequestHead,
  value: Input<Fields>,
): readonly Buffer[] {
  const writer = new Writer();
  writeResponseHeader(writer, api.response, version, correlationId);
  writeMessage(api.response, version, value, writer);
  return framed(writer);
}

function framed(writer: Writer): readonly Buffer[] {
  const size = Buffer.allocUnsafe(4);
  size.writeInt32BE(writer.size);
  return [size, ...writer.finish()];
}

/** The name of the error that a response tells at its top, for the metrics. */
export function errorNameOf(response: Readonly<Record<string, unknown>>): string | undefined {
  const code = response['errorCode'];
  return typeof code === 'number' && code !== errorCodes.NONE ? errorName(code) : undefined;
}
