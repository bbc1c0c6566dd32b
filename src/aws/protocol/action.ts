import type { Logger } from 'pino';
import type { AccountCatalog } from '../../ports/account-catalog.ts';
import type { Clock } from '../../ports/clock.ts';
import type { RecordLog } from '../../ports/record-log.ts';
import type { Reshardings } from '../../streams/resharding.ts';
import type { StreamDirectory } from '../../streams/directory.ts';
import type { StreamWriter } from '../../streams/writer.ts';
import type { Subscriptions } from '../../streams/subscriptions.ts';
import type { ActionName } from '../kinesis/action-names.ts';
import type { KinesisLimits } from '../kinesis/limits/admission.ts';
import type { ExceptionName } from './errors.ts';
import type { Format, Shape } from './shape.ts';

/** What every action may use. Nothing of sockets or HTTP is in here. */
export type KinesisContext = {
  readonly streams: StreamDirectory;
  readonly accounts: AccountCatalog;
  readonly log: RecordLog;
  readonly writer: StreamWriter;
  readonly reshardings: Reshardings;
  /** Those of enhanced fan-out that run through this gateway. */
  readonly subscriptions: Subscriptions;
  /** What clients are held to; undefined where nothing is. */
  readonly limits: KinesisLimits | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Twelve digits. */
  readonly account: string;
  /** The region that the client signed for, or the gateway's own. */
  readonly region: string;
  /** 32 bytes that every gateway on this catalog shares; signs iterators and tokens. */
  readonly secret: Buffer;
  /** Type of the request's body, and so of the answer's. */
  readonly format: Format;
  /** Aborted when the client is gone, or the gateway stops. */
  readonly signal: AbortSignal;
  /** The handler adds the records that it put or read; metrics tell them. */
  readonly tally: { records: number };
};

/** An answer that the handler has written itself, in the request's format: the fast path. */
export class PreparedBody {
  readonly bytes: Buffer | string;
  /** Called once the client has taken the bytes, or is gone: their memory may be used again. */
  readonly release: (() => void) | undefined;

  constructor(bytes: Buffer | string, release?: () => void) {
    this.bytes = bytes;
    this.release = release;
  }
}

export type ActionDefinition<I, O> = {
  readonly name: ActionName;
  readonly input: Shape<I>;
  /** Absent for actions that answer with an empty body. */
  readonly output?: Shape<O>;
  /** What the action may throw, for the documentation. */
  readonly errors: readonly ExceptionName[];
  /** Where it differs from AWS, a sentence each, for the documentation. */
  readonly deviations?: readonly string[];
  /** Size of the largest legal body; the limit for small requests where absent. */
  readonly bodyBytesMax?: number;
  handle(input: I, context: KinesisContext): Promise<O | PreparedBody>;
};

/** An action as the dispatcher sees it. */
export type Action = ActionDefinition<unknown, unknown>;

/** Infers the types of input and output from the shapes. Without an output: `Promise<void>`. */
export function defineAction<I, O = void>(definition: ActionDefinition<I, O>): Action {
  return definition as Action;
}

/** Page of the Amazon Kinesis Data Streams API reference. */
export function documentationLink(name: ActionName): string {
  return `https://docs.aws.amazon.com/kinesis/latest/APIReference/API_${name}.html`;
}
