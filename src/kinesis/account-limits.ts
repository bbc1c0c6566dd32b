/** What an account may have. Source: "Quotas and limits", Kinesis Data Streams developer guide. */

/** The default of the largest regions. */
export const shardsPerAccountMax = 20_000;
export const onDemandStreamsMax = 50;
