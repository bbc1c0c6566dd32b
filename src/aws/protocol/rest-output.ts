/** Writes an output to the parts of a response. */
import { Readable } from 'node:stream';
import { PreparedBody } from './action.ts';
import { encodeBody } from './codec.ts';
import type { HttpEndpoint } from './http-bindings.ts';
import type { HttpResponse } from './http-message.ts';
import { type Bindings, type BoundMember, jsonType } from './rest-bindings.ts';
import type { Shape } from './shape.ts';
import { textOf } from './text.ts';

export type RestAnswer = Pick<HttpResponse, 'status' | 'headers' | 'body' | 'release'>;

const bytesType = 'application/octet-stream';
/** Responses with these statuses have no body. Source: RFC 9110. */
const bodilessStatuses: ReadonlySet<number> = new Set([204, 205, 304]);

/** `bindings`: undefined if the action has no output. */
export function restAnswer(
  { status: usual = 200 }: HttpEndpoint,
  bindings: Bindings | undefined,
  output: unknown,
): RestAnswer {
  if (output instanceof PreparedBody) {
    const { bytes, release } = output;
    return { status: usual, headers: { 'content-type': jsonType }, body: bytes, release };
  }
  if (bindings === undefined) return { status: usual, headers: {}, body: '' };
  const values = output as Readonly<Record<string, unknown>>;
  const status = statusIn(bindings, values) ?? usual;
  const headers = headersOf(bindings, values);
  if (bodilessStatuses.has(status)) return { status, headers, body: '' };
  const body = bodyOf(bindings, values);
  const isEmpty = bindings.payload !== undefined && values[bindings.payload.name] === undefined;
  if (!isEmpty) headers['content-type'] ??= bindings.contentType ?? bytesType;
  return { status, headers, body };
}

function statusIn(
  { bound }: Bindings,
  values: Readonly<Record<string, unknown>>,
): number | undefined {
  const member = bound.find(({ binding }) => binding.in === 'status');
  return member && (values[member.name] as number | undefined);
}

function bodyOf(
  { payload, body }: Bindings,
  values: Readonly<Record<string, unknown>>,
): HttpResponse['body'] {
  if (payload === undefined) {
    // An output without body members is an empty object, because clients parse one.
    return body === undefined ? '{}' : encodeBody(body.write(values, 'json'), 'json');
  }
  const value = values[payload.name];
  if (value === undefined || value === null) return '';
  if (value instanceof Readable || Buffer.isBuffer(value) || typeof value === 'string') {
    return value;
  }
  return encodeBody(payload.shape.write(value, 'json'), 'json');
}

function headersOf(
  { bound }: Bindings,
  values: Readonly<Record<string, unknown>>,
): Record<string, string> {
  const headers: Record<string, string> = {};
  // A header with its own member belongs to that member.
  const ordered = bound.toSorted((one, other) => rank(one) - rank(other));
  for (const { name, shape, binding } of ordered) {
    const value = values[name];
    if (value === undefined || value === null) continue;
    if (binding.in === 'header') headers[binding.name] = headerText(shape, value);
    if (binding.in !== 'prefixHeaders') continue;
    for (const [end, text] of Object.entries(value)) {
      headers[`${binding.name}${end}`.toLowerCase()] = plain(String(text));
    }
  }
  return headers;
}

function rank({ binding }: BoundMember): number {
  return binding.in === 'prefixHeaders' ? 0 : 1;
}

function headerText(shape: Shape<unknown>, value: unknown): string {
  const { kind, members } = shape;
  if (kind !== 'list') return plain(textOf(shape, value, 'http-date'));
  const member = members['member']!;
  const texts = (value as readonly unknown[]).map((item) => textOf(member, item, 'http-date'));
  return texts.map((text) => plain(member.kind === 'string' ? quoted(text) : text)).join(', ');
}

function quoted(text: string): string {
  return /[",]/.test(text) ? `"${text.replace(/["\\]/g, '\\$&')}"` : text;
}

/** Header values cannot contain line breaks, or characters of more than one byte. */
function plain(text: string): string {
  return text.replace(/[^\t\x20-\x7e\xa0-\xff]/g, '?');
}
