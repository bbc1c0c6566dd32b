import type { Access } from '../../access/authorizer.ts';
import type { HttpEndpoint } from './http-bindings.ts';
import type { Shape } from './shape.ts';

/** A response that the handler has encoded itself, in the request's format: the fast path. */
export class PreparedBody {
  readonly bytes: Buffer | string;
  /** Called once the bytes were sent, or the client is gone: their memory may be reused. */
  readonly release: (() => void) | undefined;

  constructor(bytes: Buffer | string, release?: () => void) {
    this.bytes = bytes;
    this.release = release;
  }
}

/** `C`: the context that the service passes to its handlers. */
export type ActionDefinition<I, O, C> = {
  readonly name: string;
  /** Method and path, for REST-JSON services. */
  readonly http?: HttpEndpoint;
  readonly input: Shape<I>;
  /** Absent for actions with an empty response body. */
  readonly output?: Shape<O>;
  /** The exceptions that the action may throw, for the documentation. */
  readonly errors: readonly string[];
  /** Where it differs from AWS, a sentence each, for the documentation. */
  readonly deviations?: readonly string[];
  /** The largest legal body, also for streams; the limit for small requests if absent. */
  readonly bodyBytesMax?: number;
  /**
   * Every access to every resource that the call names; `action` is this one as policies spell it.
   * Errors: as the handler's for an input with missing or invalid names.
   */
  touches(input: NoInfer<I>, context: C, action: string): Access | readonly Access[];
  handle(input: I, context: C): Promise<O | PreparedBody>;
};

/** An action, with the types of its service erased. */
export type Action<C = unknown> = ActionDefinition<unknown, unknown, C>;
