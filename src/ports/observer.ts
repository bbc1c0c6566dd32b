/** What the doors and adapters report; src/operations/metrics.ts turns it into metrics. */
import type { Receipt } from '../domain/queues/receipt.ts';

export type Door = 'kinesis' | 'kafka';

/** One completed request, as a front door reports it. */
export type RequestReport = {
  /** The AWS service's name in ARNs; absent if the door has only one service. */
  readonly service?: string;
  /** The action's or API's name in the vendor's spelling. */
  readonly operation: string;
  readonly durationMs: number;
  /** The error's name in the vendor's spelling; absent if the request succeeded. */
  readonly error?: string | undefined;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** The number of records put or read, if the door knows it. */
  readonly records?: number | undefined;
};

export type DoorObserver = {
  request(report: RequestReport): void;
  connectionOpened(): void;
  connectionClosed(): void;
  /** Input that is not a request: garbage, an oversized frame, an unknown key or version. */
  refused(reason: string): void;
};

/** Calls to the engines behind the gateway. */
export type BackingObserver = {
  /** `engine` is kafka or dynamodb; `operation` is the name of the API or the call. */
  call(engine: string, operation: string, durationMs: number, failed: boolean): void;
};

/** The kind of limit: the account's, or that of a stream with this capacity mode. */
export type LimitOwner = 'account' | 'provisioned' | 'on-demand';

/** Valid calls that were refused. */
export type LimitObserver = {
  /** Calls, or single records of a call, that exceeded a rate. */
  throttled(service: string, operation: string, owner: LimitOwner, count: number): void;
  /** Injected faults. */
  injected(service: string, operation: string, error: string, count: number): void;
};

/** What metrics name of a queue. */
export type ObservedQueue = { readonly id: string; readonly name: string };

/** Of kind `held`: Kafka's lock keeps the record from other receivers until then. */
export type ObservedReceipt = Pick<Receipt, 'kind' | 'inFlightUntilMs'>;

/** Calls of receivers, reported where they are answered. */
export type QueueObserver = {
  /** One call of ReceiveQueueRecords, which may have been answered without a record. */
  received(queue: ObservedQueue, receipts: readonly ObservedReceipt[]): void;
  acknowledged(queue: ObservedQueue, count: number): void;
  /** Acknowledged, or given back. */
  settled(queue: ObservedQueue, receipts: readonly ObservedReceipt[]): void;
};
