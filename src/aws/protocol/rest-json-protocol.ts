/**
 * AWS REST-JSON: method and path name the action, and the members of its input are in the path, the
 * query, the headers and the body. The order of checks is that of Smithy servers: path, Accept,
 * content type, types, then constraints. Source: "AWS REST JSON 1.0 protocol" of Smithy and its
 * protocol tests.
 *
 * Not implemented, because no service here uses them: event streams, floating-point numbers,
 * documents, unions, and strings with a media type in headers.
 */
import { isUtf8 } from 'node:buffer';
import { credentialScopeOf } from './credential-scope.ts';
import { decodeBody, encodeBody, sourceOf } from './codec.ts';
import { AwsError, commonError, SerializationError } from './errors.ts';
import { Exchange, type Route, routeOf } from './exchange.ts';
import type { HttpEndpoint } from './http-bindings.ts';
import type { HttpRequest, HttpResponse } from './http-message.ts';
import {
  type Bindings,
  bindingsOf,
  type BoundMember,
  isSameType,
  jsonType,
  mediaTypeIn,
} from './rest-bindings.ts';
import { headersIn, readBound } from './rest-input.ts';
import { restAnswer } from './rest-output.ts';
import type { Service } from './service.ts';
import { validationMessage } from './shape.ts';
import type { Format } from './source.ts';
import {
  compareSpecificity,
  type Labels,
  labelsIn,
  type RequestTarget,
  requestTarget,
  type UriPattern,
  uriPattern,
} from './uri-pattern.ts';

export type RestJsonProtocol = {
  /** Undefined if the request matches no action. */
  begin(request: HttpRequest): Exchange | undefined;
  /** For a request that matches no action of any protocol. */
  beginUnknown(request: HttpRequest): Exchange;
  /** Whether a POST to `/` may have a streamed body or response. */
  readonly hasStreamsAtRoot: boolean;
};

type RestRoute = {
  readonly route: Route;
  readonly endpoint: HttpEndpoint;
  readonly pattern: UriPattern;
  readonly input: Bindings;
  readonly output: Bindings | undefined;
};

type Match = RestRoute & { readonly labels: Labels; readonly query: URLSearchParams };

export function createRestJsonProtocol(services: readonly Service[]): RestJsonProtocol {
  const byMethod = new Map<string, RestRoute[]>();
  for (const service of services.filter(({ protocol }) => protocol.name === 'rest-json')) {
    for (const restRoute of restRoutesOf(service)) {
      const { method } = restRoute.endpoint;
      byMethod.set(method, [...(byMethod.get(method) ?? []), restRoute]);
    }
  }
  for (const routes of byMethod.values()) {
    routes.sort((one, other) => compareSpecificity(one.pattern, other.pattern));
  }
  const atRoot = byMethod.get('POST')?.filter(({ pattern }) => pattern.segments.length === 0) ?? [];
  return {
    hasStreamsAtRoot: atRoot.some(
      ({ input, output }) => isStream(input.payload) || isStream(output?.payload),
    ),
    begin(request) {
      const routes = byMethod.get(request.method);
      if (routes === undefined) return undefined;
      const match = matchIn(routes, requestTarget(request.url), request);
      return match && new RestExchange(request, match);
    },
    beginUnknown: (request) => new RestExchange(request, undefined),
  };
}

function restRoutesOf(service: Service): readonly RestRoute[] {
  const seen = new Set<string>();
  return service.actions.map((action) => {
    const { name, http: endpoint } = action;
    if (endpoint === undefined) throw new Error(`${service.name}: ${name} has no method and path`);
    const key = `${endpoint.method} ${endpoint.uri.replace(/\{[^}+]+/g, '{')}`;
    if (seen.has(key)) throw new Error(`${service.name} has two actions at ${key}`);
    seen.add(key);
    return {
      route: routeOf(service, action),
      endpoint,
      pattern: uriPattern(endpoint.uri),
      input: bindingsOf(action.input),
      output: action.output && bindingsOf(action.output),
    };
  });
}

/** The most specific match; among several services, that of the signing name, if it matches. */
function matchIn(
  routes: readonly RestRoute[],
  target: RequestTarget,
  { headers, url }: HttpRequest,
): Match | undefined {
  const { query } = target;
  const matches = routes.flatMap((route): Match[] => {
    const labels = labelsIn(route.pattern, target);
    return labels === undefined ? [] : [{ ...route, labels, query }];
  });
  if (matches.length < 2) return matches[0];
  const signed = credentialScopeOf(headers.authorization, url)?.service;
  return matches.find(({ route }) => route.service.name === signed) ?? matches[0];
}

function isStream(payload: BoundMember | undefined): boolean {
  return payload?.shape.kind === 'stream';
}

class RestExchange extends Exchange {
  readonly format: Format = 'json';
  readonly #match: Match | undefined;
  readonly #headers: ReadonlyMap<string, string>;
  #body: Buffer = Buffer.alloc(0);

  constructor(request: HttpRequest, match: Match | undefined) {
    super(request, match?.route);
    this.#match = match;
    this.#headers = headersIn(request.rawHeaders);
  }

  get isBodyUnread(): boolean {
    const input = this.#match?.input;
    if (input === undefined || isStream(input.payload)) return true;
    return input.payload === undefined && input.body === undefined;
  }

  decode(body: Buffer): Route {
    if (this.#match === undefined) throw new AwsError('UnknownOperationException', 404, '');
    this.bytesIn = body.length;
    this.#body = body;
    this.#assertAccepted(this.#match.output);
    this.#assertContentType(this.#match);
    return this.#match.route;
  }

  input(): unknown {
    const { input, labels, query, route } = this.#match!;
    const head = { labels, query, headers: this.#headers };
    const values: Record<string, unknown> = {};
    for (const member of input.bound) {
      const value = readBound(member, head);
      if (value !== undefined) values[member.name] = value;
    }
    if (input.payload !== undefined) {
      const value = this.#readPayload(input.payload);
      if (value !== undefined) values[input.payload.name] = value;
    }
    if (input.body !== undefined && this.#body.length > 0) {
      Object.assign(values, input.body.read(...this.#json()));
    }
    const message = validationMessage(route.action.input, values);
    if (message !== undefined) throw commonError('ValidationException', message);
    return values;
  }

  succeed(_route: Route, output: unknown): HttpResponse {
    const { endpoint, output: bindings, input } = this.#match!;
    const answer = restAnswer(endpoint, bindings, output);
    return {
      ...answer,
      headers: { ...this.headers(), ...answer.headers },
      // A payload of bytes is the body itself.
      bodyIsCopied: input.payload?.shape.kind !== 'blob',
      traffic: this,
    };
  }

  refuse(error: AwsError): HttpResponse {
    const { exception, status } = error;
    const body = this.route?.service.errorBody(error) ?? bodyOfUnrecognised(error);
    const refusal = this.refusal(status, exception, jsonType, encodeBody(body, 'json'));
    refusal.headers['x-amzn-errortype'] = exception;
    return refusal;
  }

  #readPayload({ shape }: BoundMember): unknown {
    if (shape.kind === 'stream') {
      return this.request.stream(this.bodyBytesMax, (bytes) => (this.bytesIn += bytes));
    }
    const body = this.#body;
    if (body.length === 0) return undefined;
    if (shape.kind === 'blob') return body;
    if (shape.kind !== 'string') return shape.read(...this.#json());
    if (!isUtf8(body)) throw new SerializationError('The body is not UTF-8.');
    return body.toString('utf8');
  }

  /** The parsed body, and how it is read. Errors: SerializationError. */
  #json() {
    const body = this.#body;
    const tree = decodeBody(body, 'json', this.route?.jsonNames);
    return [tree, { ...sourceOf(body, 'json'), isStrict: true }] as const;
  }

  /** Errors: NotAcceptableException. */
  #assertAccepted(output: Bindings | undefined): void {
    const accept = this.#headers.get('accept');
    const wanted = output?.contentType;
    if (accept === undefined || wanted === undefined) return;
    const family = `${wanted.split('/', 1)[0]}/*`;
    const isAccepted = accept
      .split(',')
      .map(mediaTypeIn)
      .some((type) => type === '*/*' || type === family || isSameType(type, wanted));
    if (!isAccepted) {
      throw new AwsError('NotAcceptableException', 406, `The answer would be ${wanted}.`);
    }
  }

  /** Errors: UnsupportedMediaTypeException. */
  #assertContentType({ input, route }: Match): void {
    const given = this.#headers.get('content-type');
    if (!this.#hasBody() || input.contentType === undefined) return;
    const hasNone = input.payload === undefined && input.body === undefined;
    // An action without input is also called with an empty object.
    const isTolerated = hasNone && (given === undefined || input.bound.length === 0);
    const isRight = given !== undefined && isSameType(mediaTypeIn(given), input.contentType);
    if (isTolerated || (isRight && !hasNone)) return;
    const { name } = route.action;
    const wanted = hasNone ? 'no body' : input.contentType;
    throw new AwsError('UnsupportedMediaTypeException', 415, `${name} takes ${wanted}.`);
  }

  #hasBody(): boolean {
    if (this.#body.length > 0 || this.#headers.has('transfer-encoding')) return true;
    return Number(this.#headers.get('content-length') ?? 0) > 0;
  }
}

function bodyOfUnrecognised({ exception, message }: AwsError) {
  return message === '' ? { __type: exception } : { __type: exception, message };
}
