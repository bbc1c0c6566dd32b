/**
 * Records of the Kinesis Producer Library that hold several user records: four magic bytes, a
 * Protocol Buffers message, and the MD5 of that message. Source: "KPL aggregated record format",
 * Amazon Kinesis Producer Library. The gateway only counts them: their bytes pass through
 * unchanged.
 */
import { hash } from 'node:crypto';

const magic = Buffer.from('f3899ac2', 'hex');
const digestBytes = 16;
/** Field 3 of the message: one user record each. */
const recordsField = 3;

/** The number of user records inside; undefined if the data is a plain record. */
export function userRecordCount(data: Buffer): number | undefined {
  if (data.length < magic.length + digestBytes) return undefined;
  if (!data.subarray(0, magic.length).equals(magic)) return undefined;
  const message = data.subarray(magic.length, data.length - digestBytes);
  const digest = data.subarray(data.length - digestBytes);
  if (hash('md5', message, 'hex') !== digest.toString('hex')) return undefined;
  return countedField(message, recordsField);
}

/** The number of occurrences of a field; undefined if the bytes are not a valid message. */
function countedField(message: Buffer, field: number): number | undefined {
  let count = 0;
  let at = 0;
  while (at < message.length) {
    const tag = varint(message, at);
    if (tag === undefined) return undefined;
    if (tag.value >> 3 === field) count += 1;
    const end = endOfField(message, tag.end, tag.value & 7);
    if (end === undefined || end > message.length) return undefined;
    at = end;
  }
  return count;
}

function endOfField(message: Buffer, at: number, wireType: number): number | undefined {
  if (wireType === 1) return at + 8;
  if (wireType === 5) return at + 4;
  const number = varint(message, at);
  if (number === undefined || wireType === 0) return number?.end;
  return wireType === 2 ? number.end + number.value : undefined;
}

const varintBytesMax = 10;

function varint(message: Buffer, from: number): { value: number; end: number } | undefined {
  let value = 0;
  for (let at = from; at < message.length && at < from + varintBytesMax; at += 1) {
    value += (message[at]! & 0x7f) * 2 ** (7 * (at - from));
    if (message[at]! < 0x80) return { value, end: at + 1 };
  }
  return undefined;
}
