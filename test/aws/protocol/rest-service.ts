/** Services of REST-JSON that tests make, and requests to them exactly as they are given. */
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { TestContext } from 'node:test';
import type { Action, ActionDefinition } from '../../../src/aws/protocol/action.ts';
import { AwsError, internalFailure } from '../../../src/aws/protocol/errors.ts';
import type { HttpEndpoint } from '../../../src/aws/protocol/http-bindings.ts';
import { defineService, type Service } from '../../../src/aws/protocol/service.ts';
import { type Shape, structure } from '../../../src/aws/protocol/shape.ts';
import { type Door, serve, type Serving } from '../kinesis/door.ts';

type Wanted<I, O> = Pick<ActionDefinition<I, O, object>, 'input' | 'handle'> &
  Partial<Pick<ActionDefinition<I, O, object>, 'name' | 'output' | 'bodyBytesMax'>> & {
    readonly http: HttpEndpoint;
  };

export function restAction<I, O>(wanted: Wanted<I, O>): Action<object> {
  const definition: ActionDefinition<I, O, object> = {
    name: 'TestAction',
    errors: [],
    touches: (_input, _context, action) => ({ action, kind: 'all', name: '*' }),
    ...wanted,
  };
  return definition as Action<object>;
}

/** One that answers nothing and keeps what it was called with. */
export function keepingAction(http: HttpEndpoint, input: Shape<unknown>, seen: unknown[]) {
  const name = `At${http.method}${http.uri.replace(/\W/g, '')}`;
  const handle = async (value: unknown): Promise<object> => {
    seen.push(value);
    return {};
  };
  return restAction({ name, http, input, output: structure({}), handle });
}

export function restService(actions: readonly Action<object>[], name = 'shelves'): Service {
  return defineService({
    name,
    protocol: { name: 'rest-json' },
    actions,
    contextOf: () => ({}),
    errorOf: (thrown) => (thrown instanceof AwsError ? thrown : internalFailure(thrown)),
    errorBody: ({ message }) => ({ message }),
  });
}

export function serveRest(
  t: TestContext,
  actions: readonly Action<object>[],
  serving?: Serving,
): Promise<Door> {
  return serve(t, [restService(actions)], serving);
}

export type Asked = {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Buffer;
};

export type Told = {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
};

/** Nothing is added to the target, and no content type. */
export async function ask(
  port: number,
  { method = 'POST', path, headers = {}, body = '' }: Asked,
): Promise<Told> {
  const given = Object.entries(headers).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : [...value],
  ]);
  const request = httpRequest({
    port,
    host: '127.0.0.1',
    method,
    path,
    headers: { 'content-length': Buffer.byteLength(body), ...Object.fromEntries(given) },
  });
  request.end(body);
  const [answer] = (await once(request, 'response')) as [IncomingMessage];
  let text = '';
  answer.setEncoding('latin1');
  for await (const chunk of answer) text += chunk;
  return { status: answer.statusCode!, headers: answer.headers, body: text };
}
