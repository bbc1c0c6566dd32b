/**
 * What the Kafka door answers about groups in the protocol's own errors.
 */

/**
 * A lease table cannot be read or written (COORDINATOR_LOAD_IN_PROGRESS). Every client takes it for
 * a coordinator that is not ready yet, and tries again for as long as it would otherwise:
 * kafka-clients, librdkafka, franz-go and kafkajs alike, for commits, fetches of offsets and the
 * end of transactions.
 */
export const tableNotReady = 14;

/** The member is to join again: what it may work on has changed. */
export const rebalanceInProgress = 27;

/** The offsets in a transaction are of a member that lost the partition; the producer aborts. */
export const illegalGeneration = 22;

/** As rebalanceInProgress, for members of a group whose coordinator assigns (KIP-848). */
export const staleMemberEpoch = 113;
