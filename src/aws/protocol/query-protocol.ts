/**
 * The AWS query protocol: a form, or a query string, with `Action`, `Version` and the members of
 * the input; the response is XML. Source: "AWS query protocol" of Smithy. The responses to requests
 * without a known action were recorded from STS.
 *
 * Not implemented: flattened lists and maps, and members with different names on the wire.
 */
import { AwsError, SerializationError } from './errors.ts';
import { Exchange, type Route, routeOf } from './exchange.ts';
import type { HttpRequest, HttpResponse } from './http-message.ts';
import type { Service, ServiceProtocol } from './service.ts';
import { type Shape, validationMessage } from './shape.ts';
import { type Format, textSource } from './source.ts';
import { elementsOf, printXml, type XmlElement } from './xml.ts';

export type QueryProtocol = {
  isSpokenIn(request: HttpRequest): boolean;
  begin(request: HttpRequest): Exchange;
};

const formType = 'application/x-www-form-urlencoded';
const answerType = 'text/xml';
/** The namespace of errors that belong to no service. */
const faultNamespace = 'http://webservices.amazon.com/AWSFault/2005-15-09';
/** An STS form has about a dozen parameters; no valid call has more than this. */
const parametersMax = 4096;
const depthMax = 16;
/** AWS's error for requests without one. */
const noVersion = 'NO_VERSION_SPECIFIED';

export function createQueryProtocol(services: readonly Service[]): QueryProtocol {
  const routes = new Map<string, Route>();
  for (const service of services) {
    if (service.protocol.name !== 'query') continue;
    const { version } = service.protocol;
    for (const action of service.actions) {
      routes.set(routeKey(action.name, version), routeOf(service, action));
    }
  }
  return {
    isSpokenIn({ method, url, headers }) {
      if (method === 'POST') return headers['content-type']?.startsWith(formType) === true;
      return method === 'GET' && /[?&]Action=/.test(url);
    },
    begin: (request) => new QueryExchange(request, routes),
  };
}

function routeKey(action: string, version: string): string {
  return `${version} ${action}`;
}

class QueryExchange extends Exchange {
  readonly format: Format = 'json';
  readonly #routes: ReadonlyMap<string, Route>;
  #parameters = new URLSearchParams();

  constructor(request: HttpRequest, routes: ReadonlyMap<string, Route>) {
    super(request);
    this.#routes = routes;
  }

  get isBodyUnread(): boolean {
    return this.request.method === 'GET';
  }

  decode(body: Buffer): Route {
    this.bytesIn = body.length;
    const { url } = this.request;
    const text = this.isBodyUnread ? url.slice(url.indexOf('?') + 1) : body.toString('latin1');
    this.#parameters = parametersIn(text);
    const action = this.#parameters.get('Action');
    if (action === null) throw new AwsError('MissingAction', 400, 'Missing Action');
    const version = this.#parameters.get('Version');
    this.route = this.#routes.get(routeKey(action, version ?? ''));
    if (this.route !== undefined) return this.route;
    const message = `Could not find operation ${action} for version ${version ?? noVersion}`;
    throw new AwsError('InvalidAction', 400, message);
  }

  input(): unknown {
    const shape = this.route!.action.input;
    const input = shape.read(treeOf(shape, nest(this.#parameters)), textSource);
    const message = validationMessage(shape, input);
    if (message !== undefined) throw new AwsError('ValidationError', 400, message);
    return input;
  }

  succeed({ service, action }: Route, output: unknown): HttpResponse {
    const { name } = action;
    const result = action.output && {
      name: `${name}Result`,
      content: elementsOf(action.output, output),
    };
    const requestId = { name: 'RequestId', content: this.requestId };
    const metadata = { name: 'ResponseMetadata', content: [requestId] };
    return {
      status: 200,
      headers: this.headers(answerType),
      body: printXml({
        name: `${name}Response`,
        content: result === undefined ? [metadata] : [result, metadata],
        namespace: namespaceOf(service),
      }),
      bodyIsCopied: true,
      traffic: this,
    };
  }

  refuse({ exception, status, message }: AwsError): HttpResponse {
    const error: readonly XmlElement[] = [
      { name: 'Type', content: status < 500 ? 'Sender' : 'Receiver' },
      { name: 'Code', content: exception },
      { name: 'Message', content: message },
    ];
    const body = printXml({
      name: 'ErrorResponse',
      content: [
        { name: 'Error', content: error },
        { name: 'RequestId', content: this.requestId },
      ],
      namespace: this.route === undefined ? faultNamespace : namespaceOf(this.route.service),
    });
    return this.refusal(status, exception, answerType, body);
  }
}

function namespaceOf({ protocol }: { readonly protocol: ServiceProtocol }): string {
  return protocol.name === 'query' ? protocol.xmlNamespace : faultNamespace;
}

/** Errors: MalformedQueryString. */
function parametersIn(text: string): URLSearchParams {
  let separators = 0;
  for (let at = text.indexOf('&'); at !== -1; at = text.indexOf('&', at + 1)) {
    separators += 1;
    if (separators >= parametersMax) throw tooMany();
  }
  return new URLSearchParams(text);
}

function tooMany(): AwsError {
  const message = `The query string has more than ${parametersMax} parameters.`;
  return new AwsError('MalformedQueryString', 400, message);
}

/** The parameters under one name: its own text, and those with the name as prefix. */
class Node {
  text: string | undefined;
  readonly children = new Map<string, Node>();

  child(name: string): Node {
    let found = this.children.get(name);
    if (found === undefined) {
      found = new Node();
      this.children.set(name, found);
    }
    return found;
  }

  /** The numbered parameters, in order. */
  items(): readonly Node[] {
    return [...this.children]
      .filter(([name]) => /^\d{1,9}$/.test(name))
      .toSorted(([one], [other]) => Number(one) - Number(other))
      .map(([, node]) => node);
  }
}

/** Of duplicate names, the first counts, as on AWS. Errors: SerializationError. */
function nest(parameters: URLSearchParams): Node {
  const root = new Node();
  for (const [name, text] of parameters) {
    const path = name.split('.', depthMax + 1);
    if (path.length > depthMax) throw new SerializationError();
    const node = path.reduce((parent, part) => parent.child(part), root);
    node.text ??= text;
  }
  return root;
}

/** The value in the form in which JSON would have it; scalars stay text. */
function treeOf({ kind, members }: Shape<unknown>, node: Node): unknown {
  const { key, member } = members;
  if (kind === 'structure') {
    const found = Object.entries(members).flatMap(([name, shape]) => {
      const child = node.children.get(name);
      return child === undefined ? [] : [[name, treeOf(shape, child)] as const];
    });
    return Object.fromEntries(found);
  }
  if (kind === 'list') {
    const items = node.children.get('member')?.items() ?? [];
    return items.map((item) => treeOf(member!, item));
  }
  if (kind === 'map') {
    const items = node.children.get('entry')?.items() ?? [];
    const entries = items.map((item) => [
      treeOf(key!, item.child('key')) ?? '',
      treeOf(member!, item.child('value')),
    ]);
    return Object.fromEntries(entries);
  }
  return node.text;
}
