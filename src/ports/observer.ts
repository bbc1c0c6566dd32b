/** What the doors and adapters report; src/operations/metrics.ts makes metrics of it. */

export type Door = 'kinesis' | 'kafka';

/** One answered request, as a front door reports it. */
export type RequestReport = {
  /** Action or API name in the vendor's spelling. */
  readonly operation: string;
  readonly durationMs: number;
  /** Name of the error in the vendor's spelling; absent when the request succeeded. */
  readonly error?: string | undefined;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Records put or read, where the door knows. */
  readonly records?: number | undefined;
};

export type DoorObserver = {
  request(report: RequestReport): void;
  connectionOpened(): void;
  connectionClosed(): void;
  /** Something that was no request: garbage, an oversized frame, an unknown key or version. */
  refused(reason: string): void;
};

/** Calls to the engines behind the gateway. */
export type BackingObserver = {
  /** `engine` is kafka or dynamodb; `operation` is the API's or call's name. */
  call(engine: string, operation: string, durationMs: number, failed: boolean): void;
};

/** Whose limit it was: of the account, or of a stream of that capacity mode. */
export type LimitOwner = 'account' | 'provisioned' | 'on-demand';

/** What clients were refused although nothing was wrong with it. */
export type LimitObserver = {
  /** Calls, or single records of a call, that were over a rate. */
  throttled(operation: string, owner: LimitOwner, count: number): void;
  /** Faults on purpose. */
  injected(operation: string, error: string, count: number): void;
};
