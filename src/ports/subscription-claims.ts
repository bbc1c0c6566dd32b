/** Who is subscribed to a shard, known to every gateway. */
export type SubscriptionClaim = {
  /** One for each subscription. */
  readonly holder: string;
  /** By the clock of the holder's gateway. */
  readonly startedAtMs: number;
};

/** One claim for each consumer and shard, under a key that names both. Errors: `unavailable`. */
export type SubscriptionClaims = {
  get(key: string): Promise<SubscriptionClaim | undefined>;
  /**
   * Puts `claim` where there is none, or where the one that is there started at least `ageMsMin`
   * before it; one that started as much after it is a wrong clock's, and gives way, too. False
   * where another stands.
   */
  take(key: string, claim: SubscriptionClaim, ageMsMin: number): Promise<boolean>;
  /** Removes the claim if it is still this holder's. */
  release(key: string, holder: string): Promise<void>;
};
