/**
 * The durability floor: a write to a stream with Kinesis rules is acknowledged once the in-sync
 * replicas have it, whichever acks the client asked for. Two bytes are changed in place.
 */
import type { ValueOf } from '../../wire/message.ts';
import type { produceResponse } from '../../wire/messages/00-produce.ts';
import { errorCodes } from '../../wire/errors.ts';

export const acksAll = -1;
export const acksNone = 0;
const acksLeader = 1;

/** Whether it is less than all. */
export function canBeRaised(acks: number): boolean {
  return acks === acksNone || acks === acksLeader;
}

/** Whether Kafka accepts the value. With any other, it refuses all partitions of the request. */
export function isKnownAcks(acks: number): boolean {
  return acks === acksAll || canBeRaised(acks);
}

/** Sets acks=all in place. */
export function raiseAcks(pieces: readonly Buffer[], acksAt: number): void {
  let start = 0;
  for (const piece of pieces) {
    for (const at of [acksAt - start, acksAt + 1 - start]) {
      if (at >= 0 && at < piece.length) piece[at] = 0xff;
    }
    start += piece.length;
  }
}

/** Whether a Produce response contains an error. */
export function hasProduceError({
  responses,
}: Pick<ValueOf<typeof produceResponse>, 'responses'>): boolean {
  return responses.some(({ partitionResponses }) =>
    partitionResponses.some(({ errorCode }) => errorCode !== errorCodes.NONE),
  );
}
