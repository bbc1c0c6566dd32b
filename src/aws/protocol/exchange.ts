/**
 * One request and its response. Each protocol has its own kind of exchange, which knows how a
 * request names its action, how its input is read, and how responses are written.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Session } from '../../access/session.ts';
import type { Action } from './action.ts';
import { type CredentialScope, credentialScopeOf } from './credential-scope.ts';
import type { AwsError } from './errors.ts';
import type { EventMember } from './event-stream.ts';
import type { HttpRequest, HttpResponse, Traffic } from './http-message.ts';
import { type JsonNames, jsonNamesOf } from './json.ts';
import type { Call, Service } from './service.ts';
import type { Format } from './source.ts';

/** Requests without data contain names, tags, policies, and a token of 1 MiB at most. */
export const smallBodyBytesMax = 2 * 1024 * 1024;
/** Operation names in metrics are bounded: unknown ones are counted under one name. */
const unknownOperation = 'Unknown';
const unknownService = 'unknown';

/** An action with values that are computed from it once. */
export type Route = {
  readonly service: Service;
  readonly action: Action;
  /** The action as policies spell it. */
  readonly policyName: string;
  /** The member of the output that is a stream of events. */
  readonly events: EventMember | undefined;
  readonly jsonNames: JsonNames;
};

export function routeOf(service: Service, action: Action): Route {
  const members = Object.entries(action.output?.members ?? {});
  const found = members.find(([, shape]) => shape.kind === 'eventStream');
  return {
    service,
    action,
    policyName: `${service.name}:${action.name}`,
    events: found === undefined ? undefined : { name: found[0], shape: found[1] },
    jsonNames: jsonNamesOf(action.input),
  };
}

export abstract class Exchange implements Call, Traffic {
  readonly requestId = randomUUID();
  readonly request: HttpRequest;
  /** The request's action, as far as it is known yet. */
  route: Route | undefined;
  bytesIn = 0;
  records = 0;
  #scope: CredentialScope | undefined;
  #isScopeRead = false;

  constructor(request: HttpRequest, route?: Route) {
    this.request = request;
    this.route = route;
  }

  abstract readonly format: Format;

  get session(): Session {
    return this.request.session;
  }

  get signal(): AbortSignal {
    return this.request.signal;
  }

  get scope(): CredentialScope | undefined {
    if (!this.#isScopeRead) {
      this.#scope = credentialScopeOf(this.request.headers.authorization, this.request.url);
      this.#isScopeRead = true;
    }
    return this.#scope;
  }

  get service(): string {
    return this.route?.service.name ?? unknownService;
  }

  get operation(): string {
    return this.route?.action.name ?? unknownOperation;
  }

  get bodyBytesMax(): number {
    return this.route?.action.bodyBytesMax ?? smallBodyBytesMax;
  }

  /** Whether the request can be handled by its head alone, or not at all. */
  abstract readonly isBodyUnread: boolean;

  /** Parses the body, and returns the request's action. Errors: AwsError. */
  abstract decode(body: Buffer): Route;

  /** The input, of the shape's types, after decode(). Errors: AwsError. */
  abstract input(): unknown;

  abstract succeed(route: Route, output: unknown, logger: Logger): HttpResponse;

  abstract refuse(error: AwsError): HttpResponse;

  /** The headers of every response. */
  protected headers(contentType?: string): Record<string, string> {
    const headers: Record<string, string> = {
      'x-amzn-requestid': this.requestId,
      'x-amz-id-2': nextExtendedId(),
    };
    if (contentType !== undefined) headers['content-type'] = contentType;
    return headers;
  }

  protected refusal(
    status: number,
    exception: string,
    contentType: string | undefined,
    body: Buffer | string,
  ): HttpResponse {
    return {
      status,
      headers: this.headers(contentType),
      body,
      bodyIsCopied: true,
      error: exception,
      traffic: this,
    };
  }
}

const extendedIdBytes = 72;
const extendedIdsPerDraw = 64;
let drawn = Buffer.alloc(0);

/**
 * A random request id in AWS's form; generated in batches, because each call for random bytes is a
 * system call.
 */
function nextExtendedId(): string {
  if (drawn.length < extendedIdBytes) drawn = randomBytes(extendedIdBytes * extendedIdsPerDraw);
  const id = drawn.toString('base64', 0, extendedIdBytes);
  drawn = drawn.subarray(extendedIdBytes);
  return id;
}
