/**
 * What the Kafka door answers when a lease table cannot be read or written. Every client takes
 * this code for a coordinator that is not ready yet, and tries again for as long as it would
 * otherwise: kafka-clients, librdkafka, franz-go and kafkajs alike, for commits, fetches of offsets
 * and the end of transactions.
 */
export const tableNotReady = 14;
