/**
 * From a request to an action and back. Knows nothing of sockets; server.ts feeds it. The order
 * of the checks is AWS's: method, content type, body, target, then types, then constraints.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { StreamWriter } from '../../streams/writer.ts';
import type { SubscriptionClaims } from '../../ports/subscription-claims.ts';
import { Subscriptions } from '../../streams/subscriptions.ts';
import type { Action, KinesisContext } from './action.ts';
import { PreparedBody } from './action.ts';
import { actionNames } from '../kinesis/action-names.ts';
import type { KinesisLimits } from '../kinesis/limits/admission.ts';
import { decodeBody, encodeBody, smallBodyBytesMax } from './body.ts';
import { callerIdentity, formContentType } from '../sts/get-caller-identity.ts';
import { credentialScopeOf } from './credential-scope.ts';
import { exceptionBody, isOurFault, KinesisError, toKinesisError } from './errors.ts';
import { eventStreamContentType, eventStreamOf } from './event-stream.ts';
import type { Format } from './shape.ts';
import { validationMessage } from './shape.ts';

export type HttpRequest = {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly signal: AbortSignal;
  /** At once where it is there. Errors: KinesisError: it is too large, or does not arrive. */
  body(bytesMax: number): Promise<Buffer> | Buffer;
};

export type HttpResponse = {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Buffer | string | Readable;
  /** To be called when the body is sent, or never will be. */
  readonly release?: (() => void) | undefined;
  /** For the metrics. */
  readonly operation: string;
  readonly error?: string;
  readonly bytesIn: number;
  readonly records: number;
};

/** What the dispatcher adds to these for each request is the rest of KinesisContext. */
export type DispatcherSettings = Pick<
  KinesisContext,
  'streams' | 'accounts' | 'reshardings' | 'log' | 'clock' | 'logger' | 'account' | 'secret'
> & {
  /** Used where the client signed for none. */
  readonly region: string;
  readonly actions: readonly Action[];
  /** With the times of Kinesis where absent. */
  readonly subscriptions?: Subscriptions;
  /** Of every gateway's subscriptions. */
  readonly claims?: SubscriptionClaims;
  readonly limits?: KinesisLimits;
  /**
   * Runs before every handler, with a valid input; throws to refuse the call. The place of rates
   * of actions, policies and injected faults.
   */
  readonly admit?: (
    action: Action,
    input: unknown,
    context: KinesisContext,
  ) => Promise<void> | void;
};

export type Dispatcher = (request: HttpRequest) => Promise<HttpResponse>;

const formats: Readonly<Record<string, Format>> = {
  'application/x-amz-json-1.1': 'json',
  'application/x-amz-cbor-1.1': 'cbor',
};
const contentTypeOf: Readonly<Record<Format, string>> = {
  json: 'application/x-amz-json-1.1',
  cbor: 'application/x-amz-cbor-1.1',
};
const targetPrefix = 'Kinesis_20131202';
const knownNames: ReadonlySet<string> = new Set(actionNames);
/** Names of operations in metrics are bounded: what AWS does not know is counted as one. */
const unknownOperation = 'Unknown';

export function createDispatcher(given: DispatcherSettings): Dispatcher {
  const subscriptions =
    given.subscriptions ?? new Subscriptions(given.log, given.clock, {}, given.claims);
  const writer = new StreamWriter(given.streams, given.log);
  const settings = { ...given, subscriptions, writer };
  const byName = new Map(settings.actions.map((action) => [action.name as string, action]));
  return async (request) => {
    const call = readCall(request, byName);
    try {
      if (request.method !== 'POST') return refuseUnread(call);
      // Whatever is there already is not waited for: each wait costs a small request a lot.
      const body = request.body(call.action?.bodyBytesMax ?? smallBodyBytesMax);
      const invocation = understand(call, Buffer.isBuffer(body) ? body : await body, settings);
      if (!('action' in invocation)) return invocation;
      const { action, format, input } = invocation;
      const context = new CallContext(request, format, settings);
      const admission = settings.admit?.(action, input, context);
      if (admission !== undefined) await admission;
      return succeed(call, invocation, await action.handle(input, context), context);
    } catch (error) {
      return refuse(call, error, settings);
    }
  };
}

type Settings = DispatcherSettings & Pick<KinesisContext, 'subscriptions' | 'writer'>;

/** What the head of a request says. */
type Call = {
  readonly name: string;
  readonly action: Action | undefined;
  readonly serviceKnown: boolean;
  readonly targetGiven: boolean;
  readonly contentType: string;
  readonly format: Format | undefined;
  readonly requestId: string;
  bytesIn: number;
};

function readCall(request: HttpRequest, byName: ReadonlyMap<string, Action>): Call {
  const target = String(request.headers['x-amz-target'] ?? '');
  const dot = target.indexOf('.');
  const service = dot === -1 ? target : target.slice(0, dot);
  const name = dot === -1 ? '' : target.slice(dot + 1);
  const serviceKnown = service === targetPrefix;
  const contentType = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase();
  return {
    name: serviceKnown && knownNames.has(name) ? name : unknownOperation,
    action: serviceKnown ? byName.get(name) : undefined,
    serviceKnown,
    targetGiven: service !== '' && name !== '',
    contentType: contentType ?? '',
    format: Object.hasOwn(formats, contentType ?? '') ? formats[contentType ?? ''] : undefined,
    requestId: randomUUID(),
    bytesIn: 0,
  };
}

/** A call that may begin. */
type Invocation = {
  readonly action: Action;
  readonly format: Format;
  readonly input: unknown;
};

/** Answers at once what is no call of an action. Errors: what of it breaks a rule. */
function understand(call: Call, bytes: Buffer, settings: Settings): Invocation | HttpResponse {
  const { action, format } = call;
  call.bytesIn = bytes.length;
  if (bytes.length === 0) {
    throw call.name === unknownOperation
      ? unknownTarget(call)
      : new KinesisError('SerializationException', '');
  }
  if (call.contentType === formContentType) return answerForm(call, bytes, settings);
  if (format === undefined) return refuseContentType(call, bytes);
  const decoded = decodeBody(bytes, format);
  if (action === undefined) throw unknownTarget(call);
  const input = action.input.read(decoded, format);
  const message = validationMessage(action.input, input);
  if (message !== undefined) throw new KinesisError('ValidationException', message);
  return { action, format, input };
}

function succeed(
  call: Call,
  { action, format }: Invocation,
  output: unknown,
  context: KinesisContext,
): HttpResponse {
  const events = eventStreamOf(action, output, context);
  return {
    status: 200,
    headers: headersOf(call, events === undefined ? contentTypeOf[format] : eventStreamContentType),
    body: events ?? bodyOf(action, output, format),
    release: output instanceof PreparedBody ? output.release : undefined,
    operation: call.name,
    bytesIn: call.bytesIn,
    records: context.tally.records,
  };
}

class CallContext implements KinesisContext {
  readonly streams: KinesisContext['streams'];
  readonly accounts: KinesisContext['accounts'];
  readonly writer: KinesisContext['writer'];
  readonly reshardings: KinesisContext['reshardings'];
  readonly log: KinesisContext['log'];
  readonly subscriptions: KinesisContext['subscriptions'];
  readonly limits: KinesisContext['limits'];
  readonly clock: KinesisContext['clock'];
  readonly logger: KinesisContext['logger'];
  readonly account: string;
  readonly secret: Buffer;
  readonly region: string;
  readonly format: Format;
  readonly tally = { records: 0 };
  readonly #request: HttpRequest;

  constructor(request: HttpRequest, format: Format, settings: Settings) {
    this.streams = settings.streams;
    this.accounts = settings.accounts;
    this.writer = settings.writer;
    this.reshardings = settings.reshardings;
    this.log = settings.log;
    this.subscriptions = settings.subscriptions;
    this.limits = settings.limits;
    this.clock = settings.clock;
    this.logger = settings.logger;
    this.account = settings.account;
    this.secret = settings.secret;
    const scope = credentialScopeOf(request.headers.authorization, request.url);
    this.region = scope?.region ?? settings.region;
    this.format = format;
    this.#request = request;
  }

  /** A getter, because making a signal is dear and few actions wait. */
  get signal(): AbortSignal {
    return this.#request.signal;
  }
}

function bodyOf(action: Action, output: unknown, format: Format): Buffer | string {
  if (output instanceof PreparedBody) return output.bytes;
  if (action.output === undefined) return '';
  return encodeBody(action.output.write(output, format), format);
}

function refuse(call: Call, thrown: unknown, { logger }: DispatcherSettings): HttpResponse {
  const error = toKinesisError(thrown);
  const { name: operation, requestId } = call;
  if (isOurFault(error)) logger.error({ err: thrown, operation, requestId }, 'request failed');
  const format = call.format ?? 'cbor';
  return {
    status: error.status,
    headers: headersOf(call, contentTypeOf[format]),
    body: encodeBody(exceptionBody(error), format),
    operation,
    error: error.exception,
    bytesIn: call.bytesIn,
    records: 0,
  };
}

function unknownTarget(call: Call): KinesisError {
  const message = call.name === unknownOperation ? '' : `Kineska does not have ${call.name} yet.`;
  return new KinesisError('UnknownOperationException', message);
}

/** AWS answers in XML what comes before the protocol is known. */
function refuseUnread(call: Call): HttpResponse {
  return xml(
    call,
    403,
    'AccessDeniedException',
    'Unable to determine service/operation name to be authorized',
  );
}

/** Forms are how clients speak to services that are older than Kinesis. */
function answerForm(call: Call, bytes: Buffer, { account }: Settings): HttpResponse {
  const body = callerIdentity(bytes, account, call.requestId);
  if (body === undefined) return refuseContentType(call, bytes);
  const headers = headersOf(call, 'text/xml');
  return { status: 200, headers, body, operation: call.name, bytesIn: call.bytesIn, records: 0 };
}

function refuseContentType(call: Call, bytes: Buffer): HttpResponse {
  if (call.contentType === 'application/json') return refusePlainJson(call, bytes);
  if (!call.targetGiven) return refuseUnread(call);
  return xml(call, 404, 'UnknownOperationException');
}

/** `application/json` belongs to an older protocol, in which Kinesis has no operations. */
function refusePlainJson(call: Call, bytes: Buffer): HttpResponse {
  let exception: 'SerializationException' | 'UnknownOperationException';
  try {
    decodeBody(bytes, 'json');
    exception = 'UnknownOperationException';
  } catch {
    exception = 'SerializationException';
  }
  return {
    status: exception === 'SerializationException' ? 400 : 404,
    headers: headersOf(call, 'application/json'),
    body: `{"Output":{"__type":"com.amazon.coral.service#${exception}"},"Version":"1.0"}`,
    operation: call.name,
    error: exception,
    bytesIn: call.bytesIn,
    records: 0,
  };
}

function xml(call: Call, status: number, exception: string, message?: string): HttpResponse {
  const body =
    message === undefined
      ? `<${exception}/>\n`
      : `<${exception}>\n  <Message>${message}</Message>\n</${exception}>\n`;
  return {
    status,
    headers: headersOf(call, undefined),
    body,
    operation: call.name,
    error: exception,
    bytesIn: call.bytesIn,
    records: 0,
  };
}

function headersOf(call: Call, contentType: string | undefined): Record<string, string> {
  const headers: Record<string, string> = {
    'x-amzn-requestid': call.requestId,
    'x-amz-id-2': nextExtendedId(),
  };
  if (contentType !== undefined) headers['content-type'] = contentType;
  return headers;
}

const extendedIdBytes = 72;
const extendedIdsPerDraw = 64;
let drawn = Buffer.alloc(0);

/** An opaque mark as AWS sends it; drawn many at once, because each draw is a system call. */
function nextExtendedId(): string {
  if (drawn.length < extendedIdBytes) drawn = randomBytes(extendedIdBytes * extendedIdsPerDraw);
  const id = drawn.toString('base64', 0, extendedIdBytes);
  drawn = drawn.subarray(extendedIdBytes);
  return id;
}
