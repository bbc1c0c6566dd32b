/** The allowed topic configs of a stream with Kinesis rules. Source: docs/architecture.md. */

const hourMs = 3_600_000;
const retentionHoursMin = 24;
const retentionHoursMax = 8_760;

/** Why a topic config is not allowed, or undefined. `value` null means Kafka's default. */
export function refusedConfig(name: string, value: string | null): string | undefined {
  switch (name) {
    case 'cleanup.policy':
      return value === null || value === 'delete'
        ? undefined
        : 'This stream has Kinesis rules: its records are immutable and never compacted.';
    case 'retention.ms':
      return value === null || isRetention(Number(value))
        ? undefined
        : `This stream has Kinesis rules: retention is ${retentionHoursMin} to ` +
            `${retentionHoursMax} hours. Use IncreaseStreamRetentionPeriod or ` +
            'DecreaseStreamRetentionPeriod of the Kinesis API, or a value in that range.';
    case 'retention.bytes':
      return value === null || value === '-1'
        ? undefined
        : 'This stream has Kinesis rules: records are kept for its retention period, whatever ' +
            'their size.';
    case 'message.timestamp.type':
      return value === 'LogAppendTime'
        ? undefined
        : 'This stream has Kinesis rules: records carry the time of their arrival ' +
            '(message.timestamp.type=LogAppendTime).';
    case 'errors.deadletterqueue.group.enable':
      // Brokers write to such a topic themselves (KIP-1191), even into closed shards.
      return value === null || value === 'false'
        ? undefined
        : 'This stream has Kinesis rules: brokers write to the dead letter topic of a share ' +
            'group without regard to its shards. Use a topic that is made by CreateTopics.';
    default:
      return undefined;
  }
}

function isRetention(ms: number): boolean {
  return ms >= retentionHoursMin * hourMs && ms <= retentionHoursMax * hourMs;
}
