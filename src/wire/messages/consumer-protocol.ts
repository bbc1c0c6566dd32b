/**
 * What classic consumers put in JoinGroup metadata and SyncGroup assignments.
 * Source: the Kafka protocol guide; both stand behind an int16 with their version.
 */
import { array, arrayOf, bytes, int32, message, string } from '../message.ts';

export const consumerProtocolSubscription = message(
  'ConsumerProtocolSubscription',
  { versions: [0, 3] },
  {
    topics: arrayOf(string()),
    userData: bytes({ nullable: 0, default: null }),
    ownedPartitions: array(
      {
        topic: string({ since: 1 }),
        partitions: arrayOf(int32(), { since: 1 }),
      },
      { since: 1 },
    ),
    generationId: int32({ since: 2, default: -1 }),
    rackId: string({ since: 3, nullable: 3, default: null }),
  },
);

export const consumerProtocolAssignment = message(
  'ConsumerProtocolAssignment',
  { versions: [0, 3] },
  {
    assignedPartitions: array({
      topic: string(),
      partitions: arrayOf(int32()),
    }),
    userData: bytes({ nullable: 0, default: null }),
  },
);
