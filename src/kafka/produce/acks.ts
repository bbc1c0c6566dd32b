/**
 * The durability floor: what is written to a stream with Kinesis rules is answered when it is in
 * sync on replicas, whichever acks the client asked for. Two bytes are changed in place.
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

/** Whether Kafka knows it. What it does not know it refuses, with all that a request has. */
export function isKnownAcks(acks: number): boolean {
  return acks === acksAll || canBeRaised(acks);
}

/** Asks for all replicas in sync, in the bytes as they are. */
export function raiseAcks(pieces: readonly Buffer[], acksAt: number): void {
  let start = 0;
  for (const piece of pieces) {
    for (const at of [acksAt - start, acksAt + 1 - start]) {
      if (at >= 0 && at < piece.length) piece[at] = 0xff;
    }
    start += piece.length;
  }
}

/** Whether a Produce response tells of an error. */
export function hasProduceError({
  responses,
}: Pick<ValueOf<typeof produceResponse>, 'responses'>): boolean {
  return responses.some(({ partitionResponses }) =>
    partitionResponses.some(({ errorCode }) => errorCode !== errorCodes.NONE),
  );
}
