/**
 * Dispatches requests to actions. Independent of sockets and of services: each protocol finds the
 * action among those of the services, and writes the response in its own form.
 */
import type { Logger } from 'pino';
import { type Authorizer, noRefusals, type Refusal } from '../../access/authorizer.ts';
import { AwsError, commonError, internalFailure, isOurFault } from './errors.ts';
import type { Exchange } from './exchange.ts';
import type { HttpRequest, HttpResponse } from './http-message.ts';
import { createJsonProtocol } from './json-protocol.ts';
import { createQueryProtocol } from './query-protocol.ts';
import { createRestJsonProtocol } from './rest-json-protocol.ts';
import type { Service } from './service.ts';
import { requestTarget } from './uri-pattern.ts';

export type RouterSettings = {
  readonly services: readonly Service[];
  readonly authorizer: Authorizer;
  readonly logger: Logger;
};

export type Router = {
  answer(request: HttpRequest): Promise<HttpResponse>;
  /** Whether a POST to `/` with such a target may have a streamed body or response. */
  isStreamed(target: string | undefined): boolean;
};

export function createRouter({ services, authorizer, logger }: RouterSettings): Router {
  const json = createJsonProtocol(services);
  const query = createQueryProtocol(services);
  const rest = createRestJsonProtocol(services);
  const begin = (request: HttpRequest): Exchange => {
    if (request.headers['x-amz-target'] !== undefined) return json.begin(request);
    const exchange = rest.begin(request);
    if (exchange !== undefined) return exchange;
    if (query.isSpokenIn(request)) return query.begin(request);
    return isRoot(request.url) ? json.begin(request) : rest.beginUnknown(request);
  };
  return {
    isStreamed: (target) =>
      target === undefined ? rest.hasStreamsAtRoot : json.isStreamed(target),
    answer: (request) => answer(begin(request), authorizer, logger),
  };
}

/** The path of all protocols other than REST. */
function isRoot(url: string): boolean {
  return url === '/' || requestTarget(url).segments.length === 0;
}

const noBody = Buffer.alloc(0);

async function answer(
  exchange: Exchange,
  authorizer: Authorizer,
  logger: Logger,
): Promise<HttpResponse> {
  try {
    const { request } = exchange;
    const body = exchange.isBodyUnread ? noBody : request.body(exchange.bodyBytesMax);
    // Available results are not awaited, because each await adds a considerable cost to a small
    // request.
    const route = exchange.decode(Buffer.isBuffer(body) ? body : await body);
    const { service, action, policyName } = route;
    const input = exchange.input();
    const context = service.contextOf(exchange);
    const accesses = action.touches(input, context, policyName);
    const refusals = authorizer.authorize(exchange.session, accesses);
    if (refusals !== noRefusals) assertNone(await refusals);
    const admission = service.admit?.(action, input, context);
    if (admission !== undefined) await admission;
    return exchange.succeed(route, await action.handle(input, context), logger);
  } catch (thrown) {
    return refuse(exchange, thrown, logger);
  }
}

/** Errors: AccessDeniedException, which names the first refused access. */
function assertNone([first]: readonly Refusal[]): void {
  if (first !== undefined) throw commonError('AccessDeniedException', first.message);
}

function refuse(exchange: Exchange, thrown: unknown, logger: Logger): HttpResponse {
  const error = exchange.route?.service.errorOf(thrown) ?? errorOf(thrown);
  if (isOurFault(error)) {
    const { operation, requestId } = exchange;
    logger.error({ err: thrown, operation, requestId }, 'request failed');
  }
  return exchange.refuse(error);
}

/** For requests that match no service. */
function errorOf(thrown: unknown): AwsError {
  return thrown instanceof AwsError ? thrown : internalFailure(thrown);
}
