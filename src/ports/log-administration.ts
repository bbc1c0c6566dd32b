/** The current description of a log by the cluster. */
export type LogDescription = {
  readonly name: string;
  /** Identity: it differs after the log was deleted and created again under the same name. */
  readonly logId: string;
  readonly partitionCount: number;
};

/** The properties of a log that the stream's rules determine. */
export type LogSettings = {
  readonly retentionMs: number;
  /** The largest record (key and data), in bytes. */
  readonly recordBytesMax: number;
  /** Whether the log stamps records with their time of arrival (LogAppendTime). */
  readonly arrivalTimestamps: boolean;
};

/**
 * Creating and changing logs. Errors: `not-found`, `in-use` (the name is taken), `invalid-argument`
 * (the cluster refuses the name or a setting), `policy-violation`, `access-denied`, `unavailable`.
 */
export type LogAdministration = {
  /** All logs that can be streams, without the cluster's internal ones. */
  list(): Promise<readonly LogDescription[]>;
  describe(name: string): Promise<LogDescription | undefined>;
  /** Only validates. Errors: those that `create` would return now. */
  check(name: string, partitionCount: number, settings: LogSettings): Promise<void>;
  create(name: string, partitionCount: number, settings: LogSettings): Promise<LogDescription>;
  /** Deletes the log with this id: one that was created later under the same name stays. */
  delete(log: Pick<LogDescription, 'name' | 'logId'>): Promise<void>;
  /** Adds partitions up to the count; no change if there are as many already. */
  grow(name: string, partitionCount: number): Promise<void>;
  settings(name: string): Promise<LogSettings>;
  change(name: string, settings: Partial<LogSettings>): Promise<void>;
};
