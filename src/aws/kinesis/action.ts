/** What an action of Kinesis is, and what its handler may use. */
import type { Logger } from 'pino';
import type { Access } from '../../access/authorizer.ts';
import type { AccountCatalog } from '../../ports/account-catalog.ts';
import type { Clock } from '../../ports/clock.ts';
import type { RecordLog } from '../../ports/record-log.ts';
import type { Reshardings } from '../../streams/resharding.ts';
import type { StreamDirectory } from '../../streams/directory.ts';
import type { StreamWriter } from '../../streams/writer.ts';
import type { Subscriptions } from '../../streams/subscriptions.ts';
import type { Action, ActionDefinition } from '../protocol/action.ts';
import type { Format } from '../protocol/source.ts';
import type { ExceptionName } from './errors.ts';
import type { KinesisLimits } from './limits/kinesis-limits.ts';

/** What the gateway gives to every call. */
export type KinesisParts = {
  readonly streams: StreamDirectory;
  readonly accounts: AccountCatalog;
  readonly log: RecordLog;
  readonly writer: StreamWriter;
  readonly reshardings: Reshardings;
  /** Those of enhanced fan-out that run through this gateway. */
  readonly subscriptions: Subscriptions;
  /** What clients are held to. */
  readonly limits: KinesisLimits;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Twelve digits. */
  readonly account: string;
  /** 32 bytes that every gateway on this catalog shares; signs iterators and tokens. */
  readonly secret: Buffer;
};

/** What every action may use. Nothing of sockets or HTTP is in here. */
export type KinesisContext = KinesisParts & {
  /** Of every action that the service has; a policy may name them. */
  readonly actionNames: readonly string[];
  /** The region that the client signed for, or the gateway's own. */
  readonly region: string;
  /** Type of the request's body, and so of the answer's. */
  readonly format: Format;
  /** Aborted when the client is gone, or the gateway stops. */
  readonly signal: AbortSignal;
  /** The handler adds the records that it put or read; metrics tell them. */
  readonly tally: { records: number };
};

/**
 * How often a second an action may be called. Source: "Control Plane API Limits" on "Quotas and
 * limits", Kinesis Data Streams developer guide
 * (https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html), and for
 * UpdateShardCount its page of the API reference. Where the API reference says that a rate is of
 * the account and the guide that it is of the stream, the guide is followed.
 */
export type ControlRate = { readonly perSecond: number; readonly per: 'account' | 'stream' };

type KinesisDefinition<I, O> = ActionDefinition<I, O, KinesisContext> & {
  readonly errors: readonly ExceptionName[];
  /** Absent where none is published; actions on records are limited for each shard. */
  readonly rate?: ControlRate;
  /** Everything that the call names, for authorization. */
  touches(input: NoInfer<I>, context: KinesisContext, action: string): Access | readonly Access[];
};

export type KinesisAction = KinesisDefinition<unknown, unknown> & Action<KinesisContext>;

/** Infers the types of input and output from the shapes. Without an output: `Promise<void>`. */
export function defineAction<I, O = void>(definition: KinesisDefinition<I, O>): KinesisAction {
  return definition as KinesisAction;
}

/** Page of the Amazon Kinesis Data Streams API reference. */
export function documentationLink(name: string): string {
  return `https://docs.aws.amazon.com/kinesis/latest/APIReference/API_${name}.html`;
}
