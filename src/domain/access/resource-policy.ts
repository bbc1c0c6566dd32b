/**
 * Policies that are attached to a stream or a consumer: what may stand in one, and what it says.
 * Pure. Sources: "IAM JSON policy elements reference", IAM user guide; "Share access using
 * resource-based policies", Kinesis Data Streams developer guide.
 */
import { GatewayError } from '../errors.ts';

export type PolicyStatement = {
  readonly sid?: string;
  readonly effect: 'Allow' | 'Deny';
  /** `*`, account numbers, ARNs and ids under AWS; names of services under Service. */
  readonly principals: Readonly<Record<string, readonly string[]>>;
  /** The statement is of everybody but the principals. */
  readonly exceptPrincipals: boolean;
  /** Such as `kinesis:PutRecord` or `kinesis:Get*`. */
  readonly actions: readonly string[];
  /** The statement is of every action but these. */
  readonly exceptActions: boolean;
  /** Operator → key → values. */
  readonly conditions: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
};

export type ResourcePolicy = {
  readonly version: '2008-10-17' | '2012-10-17';
  readonly statements: readonly PolicyStatement[];
};

export const policyCharactersMax = 20_480;

const versions = ['2008-10-17', '2012-10-17'] as const;
const policyElements = new Set(['Version', 'Id', 'Statement']);
const statementElements = new Set([
  'Sid',
  'Effect',
  'Principal',
  'NotPrincipal',
  'Action',
  'NotAction',
  'Resource',
  'Condition',
]);
const principalKinds = new Set(['AWS', 'Service', 'Federated', 'CanonicalUser']);
/** Everybody, an account, an ARN of IAM or STS, or the unique id of a user or role. */
const awsPrincipal = new RegExp(
  ['\\*', '\\d{12}', 'arn:aws[^:]*:(?:iam|sts)::(?:\\d{12}|aws):\\S+', 'A[A-Z0-9]{15,127}']
    .map((form) => `^${form}$`)
    .join('|'),
  'u',
);
const sidForm = /^[A-Za-z0-9]*$/u;

type JsonObject = Readonly<Record<string, unknown>>;

/**
 * What the text says. `known` are the names of actions that there are. Errors:
 * `invalid-argument`, with a sentence that says what is wrong with it.
 */
export function parseResourcePolicy(
  text: string,
  resourceArn: string,
  known: readonly string[],
): ResourcePolicy {
  if (text.length > policyCharactersMax) {
    throw malformed(`it has more than ${policyCharactersMax} characters`);
  }
  const policy = parsed(text);
  assertElements(policy, policyElements, 'the policy');
  const { Version: version = versions[0], Id: id, Statement: statement } = policy;
  const knownVersion = versions.find((each) => each === version);
  if (knownVersion === undefined) throw malformed(`its Version must be ${versions.join(' or ')}`);
  if (id !== undefined && typeof id !== 'string') throw malformed('its Id must be a string');
  const listed = Array.isArray(statement) ? (statement as unknown[]) : [statement];
  if (statement === undefined || listed.length === 0) throw malformed('it has no Statement');
  const statements = listed.map((each, index) =>
    statementOf(each, `statement ${index + 1}`, resourceArn, known),
  );
  const sids = statements.flatMap(({ sid }) => (sid === undefined || sid === '' ? [] : [sid]));
  if (new Set(sids).size < sids.length) throw malformed('two statements have the same Sid');
  return { version: knownVersion, statements };
}

function statementOf(
  given: unknown,
  where: string,
  resourceArn: string,
  known: readonly string[],
): PolicyStatement {
  if (!isObject(given)) throw malformed(`${where} is no object`);
  assertElements(given, statementElements, where);
  const { Sid: sid, Effect: effect, Condition: condition } = given;
  if (sid !== undefined && (typeof sid !== 'string' || !sidForm.test(sid))) {
    throw malformed(`the Sid of ${where} may have letters and digits only`);
  }
  if (effect !== 'Allow' && effect !== 'Deny') {
    throw malformed(`the Effect of ${where} must be Allow or Deny`);
  }
  const principal = oneOf(given, 'Principal', 'NotPrincipal', where);
  const action = oneOf(given, 'Action', 'NotAction', where);
  const actions = textsIn(action.value, `${action.name} of ${where}`);
  for (const each of actions) assertAction(each, where, known);
  const resources = textsIn(given['Resource'], `Resource of ${where}`);
  if (resources.some((each) => each !== resourceArn)) {
    throw malformed(`the Resource of ${where} must be ${resourceArn}`);
  }
  return {
    ...(sid === undefined ? {} : { sid }),
    effect,
    principals: principalsIn(principal.value, where),
    exceptPrincipals: principal.name === 'NotPrincipal',
    actions,
    exceptActions: action.name === 'NotAction',
    conditions: conditionsIn(condition, where),
  };
}

function principalsIn(given: unknown, where: string): PolicyStatement['principals'] {
  if (given === '*') return { AWS: ['*'] };
  if (!isObject(given) || Object.keys(given).length === 0) {
    throw malformed(`the Principal of ${where} must be * or an object`);
  }
  assertElements(given, principalKinds, `the Principal of ${where}`);
  const entries = Object.entries(given).map(([kind, value]) => {
    const names = textsIn(value, `Principal ${kind} of ${where}`);
    const wrong = kind === 'AWS' ? names.find((name) => !awsPrincipal.test(name)) : undefined;
    if (wrong !== undefined) throw malformed(`${where} has an invalid principal: ${wrong}`);
    return [kind, names] as const;
  });
  return Object.fromEntries(entries);
}

function conditionsIn(given: unknown, where: string): PolicyStatement['conditions'] {
  if (given === undefined) return {};
  if (!isObject(given)) throw malformed(`the Condition of ${where} must be an object`);
  const entries = Object.entries(given).map(([operator, keys]) => {
    if (!isObject(keys)) {
      throw malformed(`the condition ${operator} of ${where} must be an object`);
    }
    const values = Object.entries(keys).map(
      ([key, value]) => [key, conditionValues(value, `condition ${key} of ${where}`)] as const,
    );
    return [operator, Object.fromEntries(values)] as const;
  });
  return Object.fromEntries(entries);
}

/** Numbers and truth values may stand without quotes there. */
function conditionValues(given: unknown, what: string): readonly string[] {
  const listed = Array.isArray(given) ? (given as unknown[]) : [given];
  return listed.map((each) => {
    if (typeof each === 'string') return each;
    if (typeof each === 'number' || typeof each === 'boolean') return String(each);
    throw malformed(`the ${what} must be a string or a list of strings`);
  });
}

function assertAction(action: string, where: string, known: readonly string[]): void {
  if (action === '*') return;
  const [service, name = ''] = action.split(/:(.*)/su);
  const isKnown = known.some((each) => matchesWildcards(name.toLowerCase(), each.toLowerCase()));
  if (service?.toLowerCase() === 'kinesis' && isKnown) return;
  throw malformed(`${where} has an invalid action: ${action}`);
}

/**
 * `*` stands for any characters, `?` for one. Only the last star is ever gone back to, so that no
 * pattern takes longer than its length times the text's.
 */
export function matchesWildcards(pattern: string, text: string): boolean {
  let at = 0;
  let star = -1;
  let starText = 0;
  for (let position = 0; position < text.length;) {
    const wanted = pattern[at];
    if (wanted === '*') {
      star = at;
      starText = position;
      at += 1;
    } else if (wanted === '?' || wanted === text[position]) {
      at += 1;
      position += 1;
    } else if (star === -1) {
      return false;
    } else {
      starText += 1;
      position = starText;
      at = star + 1;
    }
  }
  while (pattern[at] === '*') at += 1;
  return at === pattern.length;
}

/** Exactly one of an element and its negation. */
function oneOf(given: JsonObject, name: string, negation: string, where: string) {
  const has = Object.hasOwn(given, name);
  if (has === Object.hasOwn(given, negation)) {
    throw malformed(`${where} must have one of ${name} and ${negation}`);
  }
  const found = has ? name : negation;
  return { name: found, value: given[found] };
}

function textsIn(given: unknown, what: string): readonly string[] {
  const listed = Array.isArray(given) ? (given as unknown[]) : [given];
  const texts = listed.filter((each) => typeof each === 'string');
  if (texts.length === listed.length && texts.length > 0) return texts;
  throw malformed(`the ${what} must be a string or a list of strings`);
}

function assertElements(given: JsonObject, known: ReadonlySet<string>, where: string): void {
  const unknown = Object.keys(given).find((name) => !known.has(name));
  if (unknown !== undefined) throw malformed(`${where} has an unknown element ${unknown}`);
}

function parsed(text: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw malformed('it is not valid JSON', cause);
  }
  if (!isObject(value)) throw malformed('it is not a JSON object');
  return value;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function malformed(what: string, cause?: unknown): GatewayError {
  return new GatewayError('invalid-argument', `The resource policy is not valid: ${what}.`, {
    cause,
  });
}
