/**
 * AWS JSON 1.0 and 1.1, and CBOR in their place: a POST whose `X-Amz-Target` names service and
 * action. The order of the checks is AWS's: method, content type, body, target, then types, then
 * constraints. Requests of no known protocol are answered here too, as AWS's Kinesis does. Source:
 * "AWS JSON 1.1 protocol" of Smithy; answers of AWS recorded in kinesalite's test/connection.js.
 */
import type { Logger } from 'pino';
import { PreparedBody } from './action.ts';
import { type Codec, cbor11, decodeBody, encodeBody, json10, json11, sourceOf } from './codec.ts';
import { AwsError, commonError, SerializationError } from './errors.ts';
import { eventStreamContentType, eventStreamOf } from './event-stream.ts';
import { Exchange, type Route, routeOf } from './exchange.ts';
import type { HttpRequest, HttpResponse } from './http-message.ts';
import type { Service, ServiceProtocol } from './service.ts';
import { validationMessage } from './shape.ts';
import { cborSource, type Format, type Source } from './source.ts';

export type JsonProtocol = {
  begin(request: HttpRequest): Exchange;
  /** Whether the target's action responds with a stream that may have no end. */
  isStreamed(target: string): boolean;
};

const codecs: ReadonlyMap<string, Codec> = new Map(
  [json10, json11, cbor11].map((codec) => [codec.contentType, codec]),
);
/** Clients of an older protocol send it, in which no service here has operations. */
const plainJsonType = 'application/json';

export function createJsonProtocol(services: readonly Service[]): JsonProtocol {
  const routes = new Map<string, Route>();
  const prefixes = new Map<string, Service>();
  for (const service of services) {
    if (service.protocol.name !== 'json') continue;
    const { targetPrefix } = service.protocol;
    prefixes.set(targetPrefix, service);
    for (const action of service.actions) {
      routes.set(`${targetPrefix}.${action.name}`, routeOf(service, action));
    }
  }
  const endless = new Set(
    [...routes].filter(([, { events }]) => events !== undefined).map(([target]) => target),
  );
  return {
    begin(request) {
      const target = request.headers['x-amz-target'];
      const text = typeof target === 'string' ? target : '';
      const route = routes.get(text);
      const dot = route === undefined ? text.indexOf('.') : -1;
      const service = route?.service ?? prefixes.get(dot === -1 ? text : text.slice(0, dot));
      return new JsonExchange(request, route, service, text);
    },
    isStreamed: (target) => endless.has(target),
  };
}

/** How the response is written: in the codec, or as AWS responds before one is known. */
type Form = 'codec' | 'plain-json' | 'xml';

class JsonExchange extends Exchange {
  readonly #service: Service | undefined;
  readonly #target: string;
  readonly #contentType: string;
  /** Undefined if the service does not support the content type. */
  readonly #codec: Codec | undefined;
  #form: Form = 'codec';
  #tree: unknown;
  #source: Source = cborSource;

  constructor(
    request: HttpRequest,
    route: Route | undefined,
    service: Service | undefined,
    target: string,
  ) {
    super(request, route);
    this.#service = service;
    this.#target = target;
    const given = request.headers['content-type'] ?? '';
    this.#contentType = codecs.has(given) ? given : bareType(given);
    const codec = codecs.get(this.#contentType);
    const isSpoken = codec !== undefined && (service === undefined || speaks(service, codec));
    this.#codec = isSpoken ? codec : undefined;
  }

  override get service(): string {
    return this.#service?.name ?? super.service;
  }

  get format(): Format {
    return (this.#codec ?? cbor11).format;
  }

  get isBodyUnread(): boolean {
    return this.request.method !== 'POST';
  }

  decode(body: Buffer): Route {
    if (this.isBodyUnread) throw this.#undetermined();
    this.bytesIn = body.length;
    const { route } = this;
    if (body.length === 0) {
      throw route === undefined ? this.#unknown() : new SerializationError();
    }
    const codec = this.#codec;
    if (codec === undefined) throw this.#wrongType(body);
    this.#tree = decodeBody(body, codec.format, route?.jsonNames);
    if (route === undefined) throw this.#unknown();
    this.#source = sourceOf(body, codec.format);
    return route;
  }

  input(): unknown {
    const shape = this.route!.action.input;
    const input = shape.read(this.#tree, this.#source);
    const message = validationMessage(shape, input);
    if (message !== undefined) throw commonError('ValidationException', message);
    return input;
  }

  succeed({ service, action, events }: Route, output: unknown, logger: Logger): HttpResponse {
    const codec = this.#codec!;
    const stream = events && eventStreamOf(events, output, this, service, logger);
    return {
      status: 200,
      headers: this.headers(stream === undefined ? codec.contentType : eventStreamContentType),
      body: stream ?? bodyOf(action.output, output, codec),
      release: output instanceof PreparedBody ? output.release : undefined,
      bodyIsCopied: codec.bodyIsCopied,
      traffic: this,
    };
  }

  refuse(error: AwsError): HttpResponse {
    const { exception, status } = error;
    if (this.#form === 'xml') return this.refusal(status, exception, undefined, xmlOf(error));
    if (this.#form === 'plain-json') {
      const body = `{"Output":{"__type":"com.amazon.coral.service#${exception}"},"Version":"1.0"}`;
      return this.refusal(status, exception, plainJsonType, body);
    }
    const codec = this.#codec ?? cbor11;
    const body = this.#service?.errorBody(error) ?? bodyOfUnrecognised(error, codec);
    const refusal = this.refusal(
      status,
      exception,
      codec.contentType,
      encodeBody(body, codec.format),
    );
    return codec.bodyIsCopied ? refusal : { ...refusal, bodyIsCopied: false };
  }

  #unknown(): AwsError {
    return commonError('UnknownOperationException', '');
  }

  #undetermined(): AwsError {
    this.#form = 'xml';
    const message = 'Unable to determine service/operation name to be authorized';
    return new AwsError('AccessDeniedException', 403, message);
  }

  #wrongType(body: Buffer): AwsError {
    if (this.#contentType === plainJsonType) {
      this.#form = 'plain-json';
      decodeBody(body, 'json');
      return new AwsError('UnknownOperationException', 404, '');
    }
    if (!/.\../.test(this.#target)) return this.#undetermined();
    this.#form = 'xml';
    return new AwsError('UnknownOperationException', 404, '');
  }
}

function bareType(contentType: string): string {
  return contentType.split(';')[0]!.trim().toLowerCase();
}

function speaks({ protocol }: { readonly protocol: ServiceProtocol }, codec: Codec): boolean {
  return protocol.name === 'json' && protocol.codecs.includes(codec);
}

function bodyOf(
  shape: Route['action']['output'],
  output: unknown,
  { format }: Codec,
): Buffer | string {
  if (output instanceof PreparedBody) return output.bytes;
  return shape === undefined ? '' : encodeBody(shape.write(output, format), format);
}

/** Services with JSON 1.0 include the namespace in the type. */
function bodyOfUnrecognised({ exception, message }: AwsError, codec: Codec) {
  const type = codec === json10 ? `com.amazon.coral.service#${exception}` : exception;
  return message === '' ? { __type: type } : { __type: type, message };
}

function xmlOf({ exception, message }: AwsError): string {
  return message === ''
    ? `<${exception}/>\n`
    : `<${exception}>\n  <Message>${message}</Message>\n</${exception}>\n`;
}
