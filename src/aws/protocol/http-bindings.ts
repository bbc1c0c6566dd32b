/**
 * Where REST protocols bind the members of an input or output in an HTTP message. A member without
 * a binding is in the JSON body. Source: "HTTP bindings" of Smithy.
 */
import { type HttpBinding, required, type RequiredShape, type Shape } from './shape.ts';

/** The `http` trait of an action. */
export type HttpEndpoint = {
  readonly method: string;
  /** With labels, also greedy ones, and constant query parameters: `/a/{Name}/{Key+}?list`. */
  readonly uri: string;
  /** The status of the response, unless its output has one; 200 by default. */
  readonly status?: number;
};

/** A label in the path, with the member's own name. */
export function label<T>(shape: Shape<T>): RequiredShape<T> {
  return required(bound(shape, { in: 'label' }));
}

/** A query parameter; a list has one for each of its members. */
export function query<T>(name: string, shape: Shape<T>): Shape<T> {
  return bound(shape, { in: 'query', name });
}

/** All query parameters: a map of strings, or of lists of strings. */
export function queryParams<T>(shape: Shape<T>): Shape<T> {
  return bound(shape, { in: 'queryParams' });
}

export function header<T>(name: string, shape: Shape<T>): Shape<T> {
  return bound(shape, { in: 'header', name: name.toLowerCase() });
}

/** A map of strings: all headers with this prefix, by the rest of their names. */
export function prefixHeaders<T>(prefix: string, shape: Shape<T>): Shape<T> {
  return bound(shape, { in: 'prefixHeaders', name: prefix.toLowerCase() });
}

/** The whole body. `mediaType`: its content type, if it has its own. */
export function payload<T>(shape: Shape<T>, mediaType?: string): Shape<T> {
  return bound(shape, mediaType === undefined ? { in: 'payload' } : { in: 'payload', mediaType });
}

/** The status of the response. */
export function statusCode(shape: Shape<number>): Shape<number> {
  return bound(shape, { in: 'status' });
}

function bound<T>(shape: Shape<T>, binding: HttpBinding): Shape<T> {
  return { ...shape, binding };
}
