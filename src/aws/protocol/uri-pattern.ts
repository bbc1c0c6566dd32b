/**
 * Path patterns with labels, and which of several matching patterns is chosen. Source: "http trait"
 * of Smithy, with its "Specificity routing".
 */

type Segment = {
  readonly kind: 'literal' | 'label' | 'greedy';
  /** The literal, or the label's name. */
  readonly text: string;
};

export type UriPattern = {
  readonly segments: readonly Segment[];
  /** Required query parameters, with their value if there is one. */
  readonly query: readonly (readonly [name: string, value: string | undefined])[];
};

/** A parsed request target; segments are still percent-encoded. */
export type RequestTarget = {
  readonly segments: readonly string[];
  readonly query: URLSearchParams;
};

/** Values of labels, still percent-encoded. */
export type Labels = ReadonlyMap<string, string>;

export function uriPattern(text: string): UriPattern {
  const [path = '', query = ''] = text.split('?');
  return {
    segments: segmentsOf(path).map(segmentOf),
    query: query.split('&').flatMap((part) => {
      const [name = '', value] = part.split('=');
      return name === '' ? [] : [[name, value] as const];
    }),
  };
}

function segmentOf(text: string): Segment {
  const [, name, plus] = /^\{([^{}+]+)(\+?)\}$/.exec(text) ?? [];
  if (name === undefined) return { kind: 'literal', text };
  return { kind: plus === '' ? 'label' : 'greedy', text: name };
}

/** A trailing slash is ignored; others separate segments, even empty ones. */
function segmentsOf(path: string): string[] {
  const segments = path.split('/').slice(1);
  if (segments.at(-1) === '') segments.pop();
  return segments;
}

/** `url`: that of the request line, also with the host in front, as for a proxy. */
export function requestTarget(url: string): RequestTarget {
  const origin = url.startsWith('/') ? url : url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '');
  const [path = ''] = origin.split('?', 1);
  return {
    segments: segmentsOf(path),
    query: new URLSearchParams(origin.slice(path.length + 1)),
  };
}

/** Undefined if the target does not match. */
export function labelsIn(pattern: UriPattern, target: RequestTarget): Labels | undefined {
  const hasQuery = pattern.query.every(([name, value]) =>
    value === undefined ? target.query.has(name) : target.query.getAll(name).includes(value),
  );
  return hasQuery ? labelsOfPath(pattern.segments, target.segments) : undefined;
}

function labelsOfPath(wanted: readonly Segment[], given: readonly string[]): Labels | undefined {
  const more = given.length - wanted.length;
  const greedyAt = wanted.findIndex(({ kind }) => kind === 'greedy');
  if (more < 0 || (more > 0 && greedyAt === -1)) return undefined;
  const labels = new Map<string, string>();
  for (const [index, { kind, text }] of wanted.entries()) {
    const at = greedyAt !== -1 && index > greedyAt ? index + more : index;
    const found = kind === 'greedy' ? given.slice(at, at + more + 1).join('/') : given[at]!;
    if (kind !== 'literal') {
      if (found === '') return undefined;
      labels.set(text, found);
    } else if (found !== text && decoded(found) !== text) return undefined;
  }
  return labels;
}

/** Undefined if its percent-encoding is invalid. */
export function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

const ranks = { literal: 0, label: 1, greedy: 2 } as const;

/** Negative if the first pattern is more specific; 0 if both match the same requests. */
export function compareSpecificity(one: UriPattern, other: UriPattern): number {
  const shared = Math.min(one.segments.length, other.segments.length);
  for (let at = 0; at < shared; at += 1) {
    const difference = ranks[one.segments[at]!.kind] - ranks[other.segments[at]!.kind];
    if (difference !== 0) return difference;
  }
  const length = other.segments.length - one.segments.length;
  return length === 0 ? other.query.length - one.query.length : length;
}
