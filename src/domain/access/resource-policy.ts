/**
 * Policies that are attached to a stream or a consumer: parsing and checking them. Pure. Sources:
 * "IAM JSON policy elements reference", IAM user guide; "Share access using resource-based
 * policies", Kinesis Data Streams developer guide.
 */
import { GatewayError } from '../errors.ts';
import { statementPlaces } from './statement-places.ts';

export type PolicyStatement = {
  readonly sid?: string;
  readonly effect: 'Allow' | 'Deny';
  /** `*`, account numbers, ARNs and ids under AWS; names of services under Service. */
  readonly principals: Readonly<Record<string, readonly string[]>>;
  /** Such as `kinesis:PutRecord` or `kinesis:Get*`. */
  readonly actions: readonly string[];
  /** The statement covers every action except these. */
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
  'Action',
  'NotAction',
  'Resource',
  'Condition',
]);
const principalKinds = new Set(['AWS', 'Service', 'Federated', 'CanonicalUser']);
/** Everyone, an account, an IAM or STS ARN, or the unique id of a user or role. */
const awsPrincipal = new RegExp(
  ['\\*', '\\d{12}', 'arn:aws[^:]*:(?:iam|sts)::(?:\\d{12}|aws):\\S+', 'A[A-Z0-9]{15,127}']
    .map((form) => `^${form}$`)
    .join('|'),
  'u',
);
const sidForm = /^[A-Za-z0-9]*$/u;

type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Parses the text. `known` are the names of the actions that exist. Errors: `invalid-argument`,
 * with a sentence that says what is wrong; AWS's own sentence where it is known.
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
  if (statement === undefined || listed.length === 0) throw missing('Statement');
  const places = statementPlaces(text);
  const statements = listed.map((each, index) => {
    const { line = 1, column = 1 } = places[index] ?? {};
    const at = `Resource policy contains invalid statement at line ${line}, column ${column}`;
    return statementOf(each, { where: `statement ${index + 1}`, at }, resourceArn, known);
  });
  const sids = statements.flatMap(({ sid }) => (sid === undefined || sid === '' ? [] : [sid]));
  if (new Set(sids).size < sids.length) throw malformed('two statements have the same Sid');
  return { version: knownVersion, statements };
}

function statementOf(
  given: unknown,
  { where, at }: { readonly where: string; readonly at: string },
  resourceArn: string,
  known: readonly string[],
): PolicyStatement {
  if (!isObject(given)) throw malformed(`${where} is no object`);
  if (Object.hasOwn(given, 'NotPrincipal')) throw refused('Has prohibited field NotPrincipal');
  assertElements(given, statementElements, where);
  const { Sid: sid, Effect: effect, Condition: condition } = given;
  if (sid !== undefined && (typeof sid !== 'string' || !sidForm.test(sid))) {
    throw malformed(`the Sid of ${where} may have letters and digits only`);
  }
  if (effect === undefined) throw missing('Effect');
  if (effect !== 'Allow' && effect !== 'Deny') {
    throw malformed(`the Effect of ${where} must be Allow or Deny`);
  }
  const action = oneOf(given, 'Action', 'NotAction', where);
  for (const name of ['Principal', 'Resource']) {
    if (!Object.hasOwn(given, name)) throw missing(name);
  }
  const actions = textsIn(action.value, `${action.name} of ${where}`);
  for (const each of actions) assertAction(each, at, known);
  const resources = textsIn(given['Resource'], `Resource of ${where}`);
  if (resources.some((each) => each !== resourceArn)) {
    throw refused(`${at}: The resource policy's resource must be the same as the resource ARN.`);
  }
  return {
    ...(sid === undefined ? {} : { sid }),
    effect,
    principals: principalsIn(given['Principal'], where),
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

/** Numbers and booleans may be written without quotes here. */
function conditionValues(given: unknown, what: string): readonly string[] {
  const listed = Array.isArray(given) ? (given as unknown[]) : [given];
  return listed.map((each) => {
    if (typeof each === 'string') return each;
    if (typeof each === 'number' || typeof each === 'boolean') return String(each);
    throw malformed(`the ${what} must be a string or a list of strings`);
  });
}

/** Actions of Kinesis, each by its full name: AWS accepts no wildcards here. */
function assertAction(action: string, at: string, known: readonly string[]): void {
  const [service, name = ''] = action.split(/:(.*)/su);
  if (service?.toLowerCase() !== 'kinesis') {
    throw refused(
      `${at}: Action field includes AWS services that are inconsistent with specified vendor`,
    );
  }
  if (known.some((each) => name.toLowerCase() === each.toLowerCase())) return;
  throw refused(`${at}: Action field cannot contain invalid actions: ${action}`);
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
    throw notJson(cause);
  }
  if (!isObject(value)) throw notJson();
  return value;
}

/**
 * The policy as AWS returns it: without white space, and with single actions, resources and
 * principals unwrapped from their arrays. The text must be one that parseResourcePolicy accepts.
 */
export function printResourcePolicy(text: string): string {
  const policy = JSON.parse(text) as JsonObject;
  const { Statement: statement } = policy;
  const print = (each: unknown): unknown => {
    const printed: Record<string, unknown> = { ...(each as JsonObject) };
    for (const name of ['Action', 'NotAction', 'Resource']) {
      if (Object.hasOwn(printed, name)) printed[name] = unlisted(printed[name]);
    }
    const { Principal: principal } = printed;
    if (isObject(principal)) {
      const kinds = Object.entries(principal).map(([kind, names]) => [kind, unlisted(names)]);
      printed['Principal'] = Object.fromEntries(kinds);
    }
    return printed;
  };
  const printed = Array.isArray(statement) ? statement.map(print) : print(statement);
  return JSON.stringify({ ...policy, Statement: printed });
}

function unlisted(value: unknown): unknown {
  return Array.isArray(value) && value.length === 1 ? (value[0] as unknown) : value;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refused(what: string, cause?: unknown): GatewayError {
  return new GatewayError('invalid-argument', `Policy validation error: ${what}`, { cause });
}

function notJson(cause?: unknown): GatewayError {
  return refused('This policy contains invalid Json', cause);
}

function missing(field: string): GatewayError {
  return refused(`Missing required field ${field}`);
}

/** Used where AWS's own sentence is not known. */
function malformed(what: string): GatewayError {
  return refused(`The resource policy is not valid: ${what}.`);
}
