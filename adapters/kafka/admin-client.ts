/**
 * kafkajs' admin client, connected only while it is used: an open kafkajs connection wakes up every
 * millisecond to check for waiting requests, even if there are none.
 */
import type { Admin } from 'kafkajs';
import type { Logger } from 'pino';
import { GatewayError } from '../../src/domain/errors.ts';
import type { BrokerAddress } from './connection.ts';
import { errorOf } from './error-kinds.ts';
import type { ClusterSecurity } from './security.ts';
import { errorCodes } from '../../src/wire/errors.ts';

export const operationTimeoutMs = 30_000;
/** Every broker shows a confirmed change within this time. */
export const settleMsMax = 10_000;
const connectTimeoutMs = 1_000;
/** kafkajs reauthenticates when less than this is left of a session. */
const reauthenticateMs = 2_000;
const retriesMax = 3;
const retryDelayMs = 100;
const retryDelayMsMax = 1_000;
export const idleMsMax = 2_000;

export type AdminClientSettings = {
  readonly bootstrap: readonly BrokerAddress[];
  readonly logger: Logger;
  readonly security: ClusterSecurity['kafkajs'];
  /** The connection is closed after being idle for this long. */
  readonly idleMsMax: number;
};

export class AdminClient {
  readonly #settings: AdminClientSettings;
  #admin: Promise<Admin> | undefined;
  /** The number of calls in progress. */
  #calls = 0;
  #idle: NodeJS.Timeout | undefined;

  constructor(settings: AdminClientSettings) {
    this.#settings = settings;
  }

  /** Errors: GatewayError. */
  async run<T>(what: string, work: (admin: Admin) => Promise<T>): Promise<T> {
    this.#calls += 1;
    clearTimeout(this.#idle);
    try {
      return await this.#run(what, work);
    } finally {
      this.#calls -= 1;
      if (this.#calls === 0) {
        this.#idle = setTimeout(() => {
          this.#disconnect().catch(() => undefined);
        }, this.#settings.idleMsMax).unref();
      }
    }
  }

  stop(): Promise<void> {
    clearTimeout(this.#idle);
    return this.#disconnect();
  }

  async #disconnect(): Promise<void> {
    const admin = this.#admin;
    this.#admin = undefined;
    await (await admin?.catch(() => undefined))?.disconnect();
  }

  async #run<T>(what: string, work: (admin: Admin) => Promise<T>): Promise<T> {
    try {
      return await work(await this.#connected());
    } catch (error) {
      if (!isSessionOver(error)) throw asGatewayError(what, error);
    }
    // kafkajs failed in a reauthentication that became due during requests; nothing was done.
    await this.#disconnect();
    try {
      return await work(await this.#connected());
    } catch (error) {
      throw asGatewayError(what, error);
    }
  }

  /** kafkajs reconnects by itself, but does not retry the first connection. */
  #connected(): Promise<Admin> {
    if (this.#admin !== undefined) return this.#admin;
    const connecting = this.#connect();
    this.#admin = connecting;
    connecting.catch(() => {
      if (this.#admin === connecting) this.#admin = undefined;
    });
    return connecting;
  }

  async #connect(): Promise<Admin> {
    const { default: kafkajs } = await import('kafkajs');
    const { bootstrap, logger: parent, security } = this.#settings;
    const logger = parent.child({ library: 'kafkajs' });
    const kafka = new kafkajs.Kafka({
      ...security,
      clientId: 'kineska-admin',
      brokers: bootstrap.map(({ host, port }) => `${host}:${port}`),
      logLevel: kafkajs.logLevel.WARN,
      logCreator:
        () =>
        ({ log: { message, ...rest } }) =>
          logger.warn(rest, message),
      connectionTimeout: connectTimeoutMs,
      reauthenticationThreshold: reauthenticateMs,
      requestTimeout: operationTimeoutMs + settleMsMax,
      retry: { retries: retriesMax, initialRetryTime: retryDelayMs, maxRetryTime: retryDelayMsMax },
    });
    const admin = kafka.admin();
    try {
      await admin.connect();
    } catch (error) {
      // Otherwise the connection of a failed attempt would stay open and keep the process alive.
      await admin.disconnect().catch(() => undefined);
      throw error;
    }
    return admin;
  }
}

function isSessionOver(error: unknown): boolean {
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  return code === errorCodes.ILLEGAL_SASL_STATE || (cause !== undefined && isSessionOver(cause));
}

function asGatewayError(what: string, error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  const causes = (error as { errors?: unknown[] }).errors;
  const cause = causes?.[0] ?? error;
  const code = (cause as { code?: unknown }).code;
  const message = cause instanceof Error ? cause.message : String(cause);
  if (typeof code === 'number') return errorOf(code, what, message, error);
  const inner = (cause as { cause?: unknown }).cause;
  if (inner !== undefined) return asGatewayError(what, inner);
  return new GatewayError('unavailable', `${what}: ${message}`, { cause: error });
}
