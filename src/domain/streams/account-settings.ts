/**
 * What an account's owner sets for all of its streams; pure. Source: UpdateAccountSettings and
 * MinimumThroughputBillingCommitmentInput of the Kinesis API reference.
 */
export type AccountSettings = {
  /** Grows by one with every change; 0 where nothing was ever set. */
  readonly version: number;
  readonly commitment?: Commitment;
};

/** To pay for a throughput, used or not; it opens on-demand's further abilities. */
export type Commitment = {
  readonly startedAtMs: number;
  /** In the future where it is still to end. */
  readonly endedAtMs?: number;
};

export type CommitmentStatus = 'ENABLED' | 'DISABLED' | 'ENABLED_UNTIL_EARLIEST_ALLOWED_END';

/** A commitment lasts so long at least. */
export const commitmentMsMin = 86_400_000;

export const noAccountSettings: AccountSettings = { version: 0 };

/** A function of time: an end that was asked for too early comes by itself. */
export function commitmentStatusAt(
  { commitment }: AccountSettings,
  nowMs: number,
): CommitmentStatus {
  if (commitment === undefined) return 'DISABLED';
  if (commitment.endedAtMs === undefined) return 'ENABLED';
  return commitment.endedAtMs > nowMs ? 'ENABLED_UNTIL_EARLIEST_ALLOWED_END' : 'DISABLED';
}

/**
 * The settings with the commitment on, or off; the same where it is so already. Enabling again
 * before the end calls the end off.
 */
export function withCommitment(
  settings: AccountSettings,
  wanted: 'ENABLED' | 'DISABLED',
  nowMs: number,
): AccountSettings {
  const status = commitmentStatusAt(settings, nowMs);
  const startedAtMs = settings.commitment?.startedAtMs ?? nowMs;
  const version = settings.version + 1;
  if (wanted === 'ENABLED') {
    if (status === 'ENABLED') return settings;
    const goesOn = status === 'ENABLED_UNTIL_EARLIEST_ALLOWED_END';
    return { version, commitment: { startedAtMs: goesOn ? startedAtMs : nowMs } };
  }
  if (status !== 'ENABLED') return settings;
  const endedAtMs = Math.max(nowMs, startedAtMs + commitmentMsMin);
  return { version, commitment: { startedAtMs, endedAtMs } };
}
