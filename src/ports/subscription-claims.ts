/** Active subscriptions to shards, visible to all gateways. */
export type SubscriptionClaim = {
  /** Unique for each subscription. */
  readonly holder: string;
  /** In terms of the clock of the holder's gateway. */
  readonly startedAtMs: number;
};

/** One claim for each consumer and shard, under a key that names both. Errors: `unavailable`. */
export type SubscriptionClaims = {
  get(key: string): Promise<SubscriptionClaim | undefined>;
  /**
   * Stores `claim` if there is none, or if the present one started at least `ageMsMin` before it;
   * one that started that much after it comes from a wrong clock and is replaced too. False if
   * another claim is valid.
   */
  take(key: string, claim: SubscriptionClaim, ageMsMin: number): Promise<boolean>;
  /** Deletes the claim if it still belongs to this holder. */
  release(key: string, holder: string): Promise<void>;
};
