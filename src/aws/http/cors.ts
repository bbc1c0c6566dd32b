/**
 * Cross-origin requests of browsers. Source: AWS's responses as recorded in kinesalite's
 * test/connection.js: a request with an Origin is answered with these headers, and OPTIONS with an
 * Origin is a preflight, which allows every requested header.
 */
import { randomUUID } from 'node:crypto';
import type { HttpRequest, HttpResponse } from '../protocol/http-message.ts';
import type { Router } from '../protocol/router.ts';

const exposedHeaders =
  'x-amzn-RequestId,x-amzn-ErrorType,x-amz-request-id,x-amz-id-2,x-amzn-ErrorMessage,Date';
const preflightSeconds = 172_800;
const everyOrigin = '*';

/** `allowedOrigins`: origins as browsers send them; `*` allows all. */
export function withCors(router: Router, allowedOrigins: readonly string[]): Router {
  const isOpen = allowedOrigins.includes(everyOrigin);
  const allowed = new Set(allowedOrigins);
  return {
    isStreamed: (target) => router.isStreamed(target),
    answer(request) {
      const { origin } = request.headers;
      // Other programs send no Origin and cost nothing here.
      if (origin === undefined || !(isOpen || allowed.has(origin))) return router.answer(request);
      return answer(request, router, isOpen ? everyOrigin : origin);
    },
  };
}

async function answer(request: HttpRequest, router: Router, origin: string): Promise<HttpResponse> {
  if (request.method === 'OPTIONS') return preflight(request, origin);
  const response = await router.answer(request);
  allow(response.headers, origin);
  response.headers['access-control-expose-headers'] = exposedHeaders;
  return response;
}

function preflight({ headers: asked }: HttpRequest, origin: string): HttpResponse {
  const headers: Record<string, string> = { 'x-amzn-requestid': randomUUID() };
  allow(headers, origin);
  const methods = asked['access-control-request-method'];
  if (methods !== undefined) headers['access-control-allow-methods'] = methods;
  const names = asked['access-control-request-headers'];
  if (names !== undefined) headers['access-control-allow-headers'] = names;
  headers['access-control-max-age'] = String(preflightSeconds);
  return {
    status: 200,
    headers,
    body: '',
    bodyIsCopied: true,
    traffic: { service: 'unknown', operation: 'Preflight', bytesIn: 0, records: 0 },
  };
}

function allow(headers: Record<string, string>, origin: string): void {
  headers['access-control-allow-origin'] = origin;
  // A cache must not return one origin's response to another.
  if (origin !== everyOrigin) headers['vary'] = 'Origin';
}
