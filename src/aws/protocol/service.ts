/**
 * One service of AWS, as the router sees it: how its requests are recognised, its actions, what
 * they are given, and what it answers when something goes wrong. A further service is a folder
 * with such an object, and a line in the list of services.
 */
import type { Session } from '../../access/session.ts';
import type { Action } from './action.ts';
import type { Codec } from './codec.ts';
import type { CredentialScope } from './credential-scope.ts';
import type { AwsError } from './errors.ts';
import type { Format } from './source.ts';

/** The protocols, by the names that AWS gives them, and what each needs to know of a service. */
export type ServiceProtocol =
  | {
      readonly name: 'json';
      /** What stands before the point in `X-Amz-Target`. */
      readonly targetPrefix: string;
      readonly codecs: readonly Codec[];
    }
  | {
      readonly name: 'query';
      /** Which requests have in `Version`. */
      readonly version: string;
      readonly xmlNamespace: string;
    }
  /** Every action has its method and path. */
  | { readonly name: 'rest-json' };

/** What is known of a call before its handler runs; a service makes its context of it. */
export type Call = {
  readonly requestId: string;
  readonly session: Session;
  /** What the client signed for; undefined where it signed nothing. */
  readonly scope: CredentialScope | undefined;
  /** Type of the request's body, and so of the answer's. */
  readonly format: Format;
  /** Aborted when the client is gone, or the gateway stops. */
  readonly signal: AbortSignal;
  /** The handler adds the records that it put or read; metrics tell them. */
  records: number;
};

/** `C`: what its handlers are given. */
export type Service<C = unknown, A extends Action<C> = Action<C>> = {
  /** As in ARNs and in policies: `kinesis`. */
  readonly name: string;
  readonly protocol: ServiceProtocol;
  readonly actions: readonly A[];
  contextOf(call: Call): C;
  /** What it would answer to whatever is thrown. */
  errorOf(thrown: unknown): AwsError;
  /** The body of an exception, where bodies are JSON or CBOR. */
  errorBody(error: AwsError): Readonly<Record<string, unknown>>;
  /** Runs before every handler, with a valid input; throws to refuse the call. */
  admit?(action: A, input: unknown, context: C): Promise<void> | void;
};

/** Checks a service's parts against each other, and forgets their types. */
export function defineService<C, A extends Action<C>>(service: Service<C, A>): Service {
  return service;
}
