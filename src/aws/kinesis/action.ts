/** The definition of a Kinesis action, and the context of its handler. */
import type { Logger } from 'pino';
import type { Access } from '../../access/authorizer.ts';
import type { AccountCatalog } from '../../ports/account-catalog.ts';
import type { Clock } from '../../ports/clock.ts';
import type { QueueObserver } from '../../ports/observer.ts';
import type { RecordLog } from '../../ports/record-log.ts';
import type { QueueConsumption } from '../../queues/consumption.ts';
import type { QueueDirectory } from '../../queues/directory.ts';
import type { QueueLifecycle } from '../../queues/lifecycle.ts';
import type { Reshardings } from '../../streams/resharding.ts';
import type { StreamDirectory } from '../../streams/directory.ts';
import type { StreamWriter } from '../../streams/writer.ts';
import type { Subscriptions } from '../../streams/subscriptions.ts';
import type { Action, ActionDefinition } from '../protocol/action.ts';
import type { Format } from '../protocol/source.ts';
import type { ExceptionName } from './errors.ts';
import type { KinesisLimits } from './limits/kinesis-limits.ts';

/** The gateway's part of the context of every call. */
export type KinesisParts = {
  readonly streams: StreamDirectory;
  readonly queues: QueueDirectory;
  readonly queueLifecycle: QueueLifecycle;
  readonly consumption: QueueConsumption;
  readonly queueObserver: QueueObserver;
  readonly accounts: AccountCatalog;
  readonly log: RecordLog;
  readonly writer: StreamWriter;
  readonly reshardings: Reshardings;
  /** The enhanced fan-out subscriptions through this gateway. */
  readonly subscriptions: Subscriptions;
  /** The enforced limits. */
  readonly limits: KinesisLimits;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Twelve digits. */
  readonly account: string;
  /** 32 bytes that all gateways on the catalog share, to sign iterators and tokens. */
  readonly secret: Buffer;
};

/** The context of every action. It contains nothing of sockets or HTTP. */
export type KinesisContext = KinesisParts & {
  /** The names of all actions that policies may use: those of the service, and permissions. */
  readonly actionNames: readonly string[];
  /** The region of the request's signature, or the gateway's own. */
  readonly region: string;
  /** The content type of the request's body, and so of the response's. */
  readonly format: Format;
  /** Aborted when the client is gone, or the gateway stops. */
  readonly signal: AbortSignal;
  /** The handler adds the number of records that it put or read, for the metrics. */
  readonly tally: { records: number };
};

/**
 * How often per second an action may be called. Source: "Control Plane API Limits" on "Quotas and
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
