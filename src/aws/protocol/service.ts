/**
 * One AWS service, as the router sees it: how its requests are recognised, its actions, their
 * context, and its error responses. A further service is a folder with such an object, and a line
 * in the list of services.
 */
import type { Session } from '../../access/session.ts';
import type { Action } from './action.ts';
import type { Codec } from './codec.ts';
import type { CredentialScope } from './credential-scope.ts';
import type { AwsError } from './errors.ts';
import type { Format } from './source.ts';

/** The protocols, by AWS's names, with their parameters for a service. */
export type ServiceProtocol =
  | {
      readonly name: 'json';
      /** The prefix before the dot in `X-Amz-Target`. */
      readonly targetPrefix: string;
      readonly codecs: readonly Codec[];
    }
  | {
      readonly name: 'query';
      /** The value of `Version` in requests. */
      readonly version: string;
      readonly xmlNamespace: string;
    }
  /** Every action must have a method and a path. */
  | { readonly name: 'rest-json' };

/** The properties of a call before its handler runs, from which a service creates its context. */
export type Call = {
  readonly requestId: string;
  readonly session: Session;
  /** The region of the signature; undefined for unsigned requests. */
  readonly scope: CredentialScope | undefined;
  /** The content type of the request's body, and so of the response's. */
  readonly format: Format;
  /** Aborted when the client is gone, or the gateway stops. */
  readonly signal: AbortSignal;
  /** The handler adds the number of records that it put or read, for the metrics. */
  records: number;
};

/** `C`: the context of its handlers. */
export type Service<C = unknown, A extends Action<C> = Action<C>> = {
  /** The name in ARNs and policies: `kinesis`. */
  readonly name: string;
  readonly protocol: ServiceProtocol;
  readonly actions: readonly A[];
  contextOf(call: Call): C;
  /** Converts any thrown error to the service's own. */
  errorOf(thrown: unknown): AwsError;
  /** The body of an exception in JSON or CBOR. */
  errorBody(error: AwsError): Readonly<Record<string, unknown>>;
  /** Runs before every handler, with valid input; throws to refuse the call. */
  admit?(action: A, input: unknown, context: C): Promise<void> | void;
};

/** Checks that a service's parts are consistent, and erases their types. */
export function defineService<C, A extends Action<C>>(service: Service<C, A>): Service {
  return service;
}
