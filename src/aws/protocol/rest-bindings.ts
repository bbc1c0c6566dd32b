/** The members of an input or output, grouped by their place in an HTTP message. */
import { type HttpBinding, type Shape, structure } from './shape.ts';

export const jsonType = 'application/json';

/** The same JSON by other names, which version 1 of the SDK for Java sends in every protocol. */
const jsonTypes: ReadonlySet<string> = new Set([
  jsonType,
  'application/x-amz-json-1.0',
  'application/x-amz-json-1.1',
]);

export type BoundMember = {
  readonly name: string;
  readonly shape: Shape<unknown>;
  readonly binding: HttpBinding;
};

export type Bindings = {
  /** Members in the headers or the target of the message. */
  readonly bound: readonly BoundMember[];
  readonly payload: BoundMember | undefined;
  /** The members of the JSON body; undefined if there is a payload, or no such member. */
  readonly body: Shape<Readonly<Record<string, unknown>>> | undefined;
  /** The content type of the body; undefined if any is accepted. */
  readonly contentType: string | undefined;
};

export function bindingsOf({ members }: Shape<unknown>): Bindings {
  const entries = Object.entries(members);
  const all = entries.flatMap(([name, shape]): BoundMember[] =>
    shape.binding === undefined ? [] : [{ name, shape, binding: shape.binding }],
  );
  const payload = all.find(({ binding }) => binding.in === 'payload');
  const rest = entries.filter(([, { binding }]) => binding === undefined);
  const bound = all.filter((member) => member !== payload);
  return {
    bound,
    payload,
    body: rest.length === 0 ? undefined : structure(Object.fromEntries(rest)),
    contentType: contentTypeOf(payload, bound),
  };
}

function contentTypeOf(
  payload: BoundMember | undefined,
  bound: readonly BoundMember[],
): string | undefined {
  const isMember = ({ binding }: BoundMember): boolean =>
    binding.in === 'header' && binding.name === 'content-type';
  if (bound.some(isMember)) return undefined;
  if (payload === undefined) return jsonType;
  const { shape, binding } = payload;
  if (binding.in === 'payload' && binding.mediaType !== undefined) return binding.mediaType;
  if (shape.kind === 'string') return 'text/plain';
  return shape.kind === 'structure' ? jsonType : undefined;
}

/** Without parameters. */
export function mediaTypeIn(header: string): string {
  return header.split(';', 1)[0]!.trim().toLowerCase();
}

export function isSameType(given: string, wanted: string): boolean {
  return given === wanted || (jsonTypes.has(given) && jsonTypes.has(wanted));
}
