/** Constraints of values, and AWS's own sentences for violations. */
export type Constraints = {
  /** The minimum length (strings in characters, blobs in bytes, lists, maps) or value. */
  readonly min?: number;
  readonly max?: number;
  /** As AWS prints it; the whole string must match. */
  readonly pattern?: string;
  /** In the order in which AWS prints them. */
  readonly values?: readonly string[];
};

/** AWS lists at most this many violations. */
export const validationErrorsMax = 10;

export type Rule<T> = { readonly sentence: string; readonly holds: (value: T) => boolean };

export function applyRules<T>(
  rules: readonly Rule<T>[],
  value: T,
  path: string,
  found: string[],
  show: (value: T) => string,
): void {
  for (const rule of rules) {
    if (!rule.holds(value)) complain(found, path, show(value), rule.sentence);
  }
}

export function complain(
  found: string[],
  path: string,
  shown: string | null,
  sentence: string,
): void {
  const value = shown === null ? 'null' : `'${shown}'`;
  found.push(`Value ${value} at '${path}' failed to satisfy constraint: ${sentence}`);
}

/** AWS's message for the sentences found. */
export function violationsMessage(found: readonly string[]): string {
  const listed = found.slice(0, validationErrorsMax);
  const noun = listed.length === 1 ? 'validation error' : 'validation errors';
  return `${listed.length} ${noun} detected: ${listed.join('; ')}`;
}

export function stringRules<V extends string>(constraints: Constraints): Rule<V>[] {
  const rules: Rule<V>[] = [];
  const { pattern, values } = constraints;
  if (pattern !== undefined) {
    const expression = new RegExp(`^(?:${pattern})$`, 'u');
    rules.push({ sentence: patternSentence(pattern), holds: (value) => expression.test(value) });
  }
  rules.push(...lengthRules<V>(constraints, (value) => value.length));
  if (values !== undefined) {
    const known = new Set<string>(values);
    rules.push({ sentence: valuesSentence(values), holds: (value) => known.has(value) });
  }
  return rules;
}

export function lengthRules<T>(
  { min, max }: Constraints,
  lengthOf: (value: T) => number,
): Rule<T>[] {
  const rules: Rule<T>[] = [];
  if (min !== undefined && min > 0) {
    rules.push({ sentence: lengthSentence('greater', min), holds: (v) => lengthOf(v) >= min });
  }
  if (max !== undefined) {
    rules.push({ sentence: lengthSentence('less', max), holds: (v) => lengthOf(v) <= max });
  }
  return rules;
}

export function valueRules({ min, max }: Constraints): Rule<number>[] {
  const rules: Rule<number>[] = [];
  if (min !== undefined) {
    rules.push({ sentence: valueSentence('greater', min), holds: (value) => value >= min });
  }
  if (max !== undefined) {
    rules.push({ sentence: valueSentence('less', max), holds: (value) => value <= max });
  }
  return rules;
}

/** The constraints of a list's members or a map's keys, as AWS prints them together. */
export function constraintList({ min, max, pattern, values }: Constraints): string {
  const sentences: string[] = [];
  if (max !== undefined) sentences.push(lengthSentence('less', max));
  if (min !== undefined) sentences.push(lengthSentence('greater', min));
  if (pattern !== undefined) sentences.push(patternSentence(pattern));
  if (values !== undefined) sentences.push(valuesSentence(values));
  if (sentences.length === 0) sentences.push('Member must not be null');
  return `[${sentences.join(', ')}]`;
}

function lengthSentence(word: 'greater' | 'less', bound: number): string {
  return `Member must have length ${word} than or equal to ${bound}`;
}

function valueSentence(word: 'greater' | 'less', bound: number): string {
  return `Member must have value ${word} than or equal to ${bound}`;
}

function patternSentence(pattern: string): string {
  return `Member must satisfy regular expression pattern: ${pattern}`;
}

function valuesSentence(values: readonly string[]): string {
  return `Member must satisfy enum value set: [${values.join(', ')}]`;
}
