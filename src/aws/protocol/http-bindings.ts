/**
 * Where the members of an input or output stand in an HTTP message, as REST protocols bind them.
 * A member without a binding is one of the JSON body. Source: "HTTP bindings" of Smithy.
 */
import { type HttpBinding, required, type RequiredShape, type Shape } from './shape.ts';

/** Of an action, as the `http` trait has it. */
export type HttpEndpoint = {
  readonly method: string;
  /** With labels, also greedy ones, and what the query must have: `/a/{Name}/{Key+}?list`. */
  readonly uri: string;
  /** Of the answer, where its output does not say; 200 where absent. */
  readonly status?: number;
};

/** In the path, by the member's own name. A path without it is another path. */
export function label<T>(shape: Shape<T>): RequiredShape<T> {
  return required(bound(shape, { in: 'label' }));
}

/** A parameter of the query; of a list, one for each of its members. */
export function query<T>(name: string, shape: Shape<T>): Shape<T> {
  return bound(shape, { in: 'query', name });
}

/** All parameters of the query: a map of strings, or of lists of strings. */
export function queryParams<T>(shape: Shape<T>): Shape<T> {
  return bound(shape, { in: 'queryParams' });
}

export function header<T>(name: string, shape: Shape<T>): Shape<T> {
  return bound(shape, { in: 'header', name: name.toLowerCase() });
}

/** A map of strings: all headers whose names begin so, by the rest of their names. */
export function prefixHeaders<T>(prefix: string, shape: Shape<T>): Shape<T> {
  return bound(shape, { in: 'prefixHeaders', name: prefix.toLowerCase() });
}

/** The whole body. `mediaType`: its content type, where it has one of its own. */
export function payload<T>(shape: Shape<T>, mediaType?: string): Shape<T> {
  return bound(shape, mediaType === undefined ? { in: 'payload' } : { in: 'payload', mediaType });
}

/** The status of the answer. */
export function statusCode(shape: Shape<number>): Shape<number> {
  return bound(shape, { in: 'status' });
}

function bound<T>(shape: Shape<T>, binding: HttpBinding): Shape<T> {
  return { ...shape, binding };
}
