/**
 * The durability floor: what is written to a stream with Kinesis rules is answered when it is in
 * sync on replicas, whatever the client asked. Two bytes are changed in place.
 */
import type { ValueOf } from '../../wire/message.ts';
import type { produceResponse } from '../../wire/messages/00-produce.ts';
import { errorCodes } from '../../wire/errors.ts';

export const acksAll = -1;

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
