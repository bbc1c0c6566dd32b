import type { Access } from '../../access/authorizer.ts';
import type { HttpEndpoint } from './http-bindings.ts';
import type { Shape } from './shape.ts';

/** An answer that the handler has written itself, in the request's format: the fast path. */
export class PreparedBody {
  readonly bytes: Buffer | string;
  /** Called once the client has taken the bytes, or is gone: their memory may be used again. */
  readonly release: (() => void) | undefined;

  constructor(bytes: Buffer | string, release?: () => void) {
    this.bytes = bytes;
    this.release = release;
  }
}

/** `C`: what the service gives to its handlers. */
export type ActionDefinition<I, O, C> = {
  readonly name: string;
  /** Where it is found, in services of REST-JSON. */
  readonly http?: HttpEndpoint;
  readonly input: Shape<I>;
  /** Absent for actions that answer with an empty body. */
  readonly output?: Shape<O>;
  /** What the action may throw, for the documentation. */
  readonly errors: readonly string[];
  /** Where it differs from AWS, a sentence each, for the documentation. */
  readonly deviations?: readonly string[];
  /** Size of the largest legal body, streams too; the limit for small requests where absent. */
  readonly bodyBytesMax?: number;
  /**
   * Every action on every thing that the call names; `action` is this one as policies spell it.
   * Errors: as the handler's for an input that names nothing, or names it wrongly.
   */
  touches(input: NoInfer<I>, context: C, action: string): Access | readonly Access[];
  handle(input: I, context: C): Promise<O | PreparedBody>;
};

/** An action as the router sees it. */
export type Action<C = unknown> = ActionDefinition<unknown, unknown, C>;
