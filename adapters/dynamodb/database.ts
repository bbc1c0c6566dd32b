/**
 * The connection to DynamoDB: one client, and one dynamoose instance on it. Timeouts are short and
 * attempts few, because the callers' own clients retry; the client recovers by itself once DynamoDB
 * does.
 */
import type { Instance } from 'dynamoose/dist/Instance.js';
import { type ErrorKind, GatewayError } from '../../src/domain/errors.ts';
import type { BackingObserver } from '../../src/ports/observer.ts';
import { untilDefined } from '../../src/runtime/retry.ts';

const connectTimeoutMs = 1_000;
const requestTimeoutMs = 5_000;
/** Including the first one. */
const attemptsMax = 3;
const socketsMax = 64;
const tableReadyTimeoutMs = 60_000;
const tableCheckEveryMs = 100;

export type DatabaseSettings = {
  /** If absent, the SDK's own rules find DynamoDB and the credentials. */
  readonly endpoint?: string | undefined;
  readonly region: string;
  readonly observer?: BackingObserver | undefined;
};

export type Dynamoose = typeof import('dynamoose');
export type DynamoClient = ReturnType<Instance['aws']['ddb']>;
export type TransactItem = NonNullable<
  NonNullable<Parameters<DynamoClient['transactWriteItems']>[0]>['TransactItems']
>[number];
export type AttributeValue = NonNullable<
  NonNullable<NonNullable<Parameters<DynamoClient['putItem']>[0]>['Item']>[string]
>;
export type CreateTableInput = Parameters<DynamoClient['createTable']>[0];

/**
 * dynamoose takes a tenth of a second to load, and then creates a client that warns about the Node
 * version: both are deferred until a database is opened. On each call it would search the file
 * system for a logging package, so that package is declared absent.
 */
async function loadDynamoose(): Promise<Dynamoose> {
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  const { default: dynamoose } = await import('dynamoose');
  const { setUndefinedPackage } = await import('dynamoose/dist/utils/importPackage.js');
  setUndefinedPackage('dynamoose-logger/dist/emitter');
  return dynamoose;
}

export class Database {
  readonly dynamoose: Dynamoose;
  readonly instance: Instance;
  readonly client: DynamoClient;
  readonly #observer: BackingObserver | undefined;
  readonly #tables = new Map<string, Promise<void>>();

  private constructor(dynamoose: Dynamoose, settings: DatabaseSettings) {
    this.dynamoose = dynamoose;
    this.instance = new dynamoose.Instance();
    const { DynamoDB } = this.instance.aws.ddb;
    this.client = new DynamoDB({
      region: settings.region,
      ...(settings.endpoint === undefined ? {} : { endpoint: settings.endpoint }),
      ...localCredentials(settings.endpoint),
      maxAttempts: attemptsMax,
      requestHandler: {
        connectionTimeout: connectTimeoutMs,
        requestTimeout: requestTimeoutMs,
        throwOnRequestTimeout: true,
        httpAgent: { maxSockets: socketsMax, keepAlive: true },
        httpsAgent: { maxSockets: socketsMax, keepAlive: true },
      },
      logger: silent,
    });
    this.instance.aws.ddb.set(this.client);
    this.#observer = settings.observer;
  }

  /** Creates the client; nothing is sent yet, so DynamoDB need not be running. */
  static async open(settings: DatabaseSettings): Promise<Database> {
    return new Database(await loadDynamoose(), settings);
  }

  /**
   * Runs one call with metrics, and converts its failure to a GatewayError: `conflict` if a
   * condition did not hold, `unavailable`, or `internal`. A missing table is created, and the call
   * repeated.
   */
  async call<T>(operation: string, table: CreateTableInput, work: () => Promise<T>): Promise<T> {
    try {
      return await this.#observed(operation, work);
    } catch (error) {
      if (nameOf(error) !== 'ResourceNotFoundException') throw wrapped(operation, error);
    }
    try {
      await this.#makeTable(table);
      return await this.#observed(operation, work);
    } catch (error) {
      throw error instanceof GatewayError ? error : wrapped(operation, error);
    }
  }

  /** As `call`, for a table that is not created here: returns undefined if it does not exist. */
  async callExisting<T>(operation: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await this.#observed(operation, work);
    } catch (error) {
      if (nameOf(error) === 'ResourceNotFoundException') return undefined;
      throw wrapped(operation, error);
    }
  }

  /** Resolves when the table exists and is active. Errors: `unavailable`. */
  async makeTable(table: CreateTableInput): Promise<void> {
    try {
      await this.#makeTable(table);
    } catch (error) {
      throw error instanceof GatewayError ? error : wrapped('CreateTable', error);
    }
  }

  close(): void {
    this.client.destroy();
  }

  async #observed<T>(operation: string, work: () => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    let failed = false;
    try {
      return await work();
    } catch (error) {
      failed = !isAnswer(error);
      throw error;
    } finally {
      this.#observer?.call('dynamodb', operation, performance.now() - startedAt, failed);
    }
  }

  /** One creation at a time for each table. */
  #makeTable(input: CreateTableInput): Promise<void> {
    const name = String(input?.TableName);
    const running = this.#tables.get(name);
    if (running !== undefined) return running;
    const making = this.#createAndWait(name, input).finally(() => this.#tables.delete(name));
    this.#tables.set(name, making);
    return making;
  }

  async #createAndWait(name: string, input: CreateTableInput): Promise<void> {
    try {
      await this.#observed('CreateTable', () => this.client.createTable(input));
    } catch (error) {
      // Another gateway is creating it.
      if (nameOf(error) !== 'ResourceInUseException') throw error;
    }
    const patience = { everyMs: tableCheckEveryMs, waitMsMax: tableReadyTimeoutMs };
    const made = await untilDefined(patience, async () => {
      const { Table: table } = await this.client.describeTable({ TableName: name });
      return table?.TableStatus === 'ACTIVE' ? true : undefined;
    });
    if (made === true) return;
    throw new GatewayError('unavailable', `DynamoDB has not made the table ${name} in time`);
  }
}

/**
 * DynamoDB Local accepts any credentials but requires some; Amazon's endpoints require the real
 * ones, which the SDK finds.
 */
function localCredentials(endpoint: string | undefined) {
  if (endpoint === undefined || /\.(?:amazonaws\.com(?:\.cn)?|api\.aws)$/.test(hostOf(endpoint))) {
    return {};
  }
  return { credentials: { accessKeyId: 'kineska', secretAccessKey: 'kineska' } };
}

function hostOf(endpoint: string): string {
  return URL.canParse(endpoint) ? new URL(endpoint).hostname : '';
}

const nothing = (): void => undefined;
/** Problems are returned as errors, so the SDK's own log lines are suppressed. */
const silent = { trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : '';
}

/**
 * Whether DynamoDB itself worked: it answered that a condition does not hold, or that a table is
 * missing.
 */
function isAnswer(error: unknown): boolean {
  return tableAnswers.has(nameOf(error)) || kindOf(error) === 'conflict';
}

const tableAnswers = new Set(['ResourceNotFoundException', 'ResourceInUseException']);
const conflicts = new Set([
  'ConditionalCheckFailedException',
  'TransactionConflictException',
  'TransactionInProgressException',
]);
const defects = new Set(['ValidationException', 'ValidationError', 'TypeMismatch', 'TypeError']);

function wrapped(operation: string, cause: unknown): GatewayError {
  const kind = kindOf(cause);
  const said = cause instanceof Error ? `: ${cause.name}: ${cause.message}` : '';
  return new GatewayError(kind, `DynamoDB ${operation} failed${said}`, { cause });
}

/** Whether the account lacks the permission for this table, whatever its permissions for others. */
export function isDenied(error: unknown): boolean {
  return error instanceof GatewayError && nameOf(error.cause) === 'AccessDeniedException';
}

/** The items of a transaction whose conditions did not hold. */
export function failedConditionsIn({ cause }: GatewayError): ReadonlySet<number> {
  const codes = cancellationCodesOf(cause);
  return new Set([...codes.keys()].filter((at) => codes[at] === 'ConditionalCheckFailed'));
}

export type CancellationReason = {
  readonly Code?: string;
  /** The row that failed the condition, where the transaction asks for it. */
  readonly Item?: Readonly<Record<string, AttributeValue>>;
};

/** Why a transaction was cancelled, item by item; empty for other failures. */
export function cancellationReasonsIn(error: unknown): readonly CancellationReason[] {
  return error instanceof GatewayError ? cancellationReasonsOf(error.cause) : [];
}

function cancellationReasonsOf(error: unknown): readonly CancellationReason[] {
  const { CancellationReasons: reasons = [] } = (error ?? {}) as {
    CancellationReasons?: readonly CancellationReason[];
  };
  return reasons;
}

function cancellationCodesOf(error: unknown): readonly (string | undefined)[] {
  return cancellationReasonsOf(error).map(({ Code: code }) => code);
}

function kindOf(error: unknown): ErrorKind {
  const name = nameOf(error);
  if (conflicts.has(name)) return 'conflict';
  if (defects.has(name)) return 'internal';
  if (name !== 'TransactionCanceledException') return 'unavailable';
  const codes = cancellationCodesOf(error);
  if (codes.includes('ConditionalCheckFailed')) return 'conflict';
  if (codes.includes('TransactionConflict')) return 'conflict';
  return codes.includes('ValidationError') ? 'internal' : 'unavailable';
}
