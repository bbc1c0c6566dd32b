/**
 * Settings that apply to all streams of the account; pure. Source: UpdateAccountSettings and
 * MinimumThroughputBillingCommitmentInput of the Kinesis API reference.
 */
export type AccountSettings = {
  /** Incremented by every change; 0 if nothing was ever set. */
  readonly version: number;
  readonly commitment?: Commitment;
};

/** The commitment to pay for a minimum throughput; it enables On-demand Advantage. */
export type Commitment = {
  readonly startedAtMs: number;
  /** In the future if the commitment has not ended yet. */
  readonly endedAtMs?: number;
};

export type CommitmentStatus = 'ENABLED' | 'DISABLED' | 'ENABLED_UNTIL_EARLIEST_ALLOWED_END';

/** The minimum duration of a commitment. */
export const commitmentMsMin = 86_400_000;

export const noAccountSettings: AccountSettings = { version: 0 };

/** A function of time: an end that was requested too early takes effect by itself. */
export function commitmentStatusAt(
  { commitment }: AccountSettings,
  nowMs: number,
): CommitmentStatus {
  if (commitment === undefined) return 'DISABLED';
  if (commitment.endedAtMs === undefined) return 'ENABLED';
  return commitment.endedAtMs > nowMs ? 'ENABLED_UNTIL_EARLIEST_ALLOWED_END' : 'DISABLED';
}

/**
 * The settings with the commitment on or off; unchanged if they are so already. Enabling again
 * before the end cancels the end.
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
