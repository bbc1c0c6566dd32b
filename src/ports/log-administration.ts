/** A log as the cluster describes it now. */
export type LogDescription = {
  readonly name: string;
  /** Identity: another one after the log was deleted and made again under the same name. */
  readonly logId: string;
  readonly partitionCount: number;
};

/** What the stream's rules fix about its log. */
export type LogSettings = {
  readonly retentionMs: number;
  /** Largest record, key and data, in bytes. */
  readonly recordBytesMax: number;
  /** The log stamps records with the time of their arrival. */
  readonly arrivalTimestamps: boolean;
};

/**
 * Making and changing logs. Errors: `not-found`, `in-use` (the name is taken), `invalid-argument`
 * (the cluster refuses the name or a setting), `policy-violation`, `access-denied`, `unavailable`.
 */
export type LogAdministration = {
  /** Every log that can be a stream: none that is internal to the cluster. */
  list(): Promise<readonly LogDescription[]>;
  describe(name: string): Promise<LogDescription | undefined>;
  /** Nothing is made. Errors: those that `create` would answer now. */
  check(name: string, partitionCount: number, settings: LogSettings): Promise<void>;
  create(name: string, partitionCount: number, settings: LogSettings): Promise<LogDescription>;
  /** Deletes this very log: one made later under the same name stays. */
  delete(log: Pick<LogDescription, 'name' | 'logId'>): Promise<void>;
  /** Adds partitions up to the count; no change where there are as many already. */
  grow(name: string, partitionCount: number): Promise<void>;
  settings(name: string): Promise<LogSettings>;
  change(name: string, settings: Partial<LogSettings>): Promise<void>;
};
