/** Connections that send bytes as they are given, and tell what is answered. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { produceRequest } from '../../src/wire/messages/00-produce.ts';
import { encodeBatch } from '../../src/wire/record-batch.ts';
import { requestFrame } from './frames.ts';

/** A Produce request of version 3 for one record in partition 0. */
export function produceFrame(
  topic: string,
  { acks = 0, bytes = 1, correlationId = 0 } = {},
): Buffer {
  const records = encodeBatch([{ key: null, value: Buffer.alloc(bytes) }], Date.now());
  const topicData = [{ name: topic, partitionData: [{ index: 0, records }] }];
  const request = { acks, timeoutMs: 10_000, topicData };
  return requestFrame(produceRequest, 3, request, 'raw', correlationId);
}

export type RawClient = {
  readonly socket: Socket;
  readonly answers: readonly { readonly correlationId: number; readonly body: Buffer }[];
  /** Resolves when so many answers are there. */
  waitFor(count: number): Promise<RawClient['answers']>;
  /** Resolves when the other side has ended the connection. */
  ended(): Promise<void>;
};

/** A connection, or one that `socket` is, that collects the answers to what it sends. */
export function rawClient(
  t: Pick<TestContext, 'after'>,
  port: number,
  socket: Socket = connect({ host: '127.0.0.1', port }),
): RawClient {
  t.after(() => socket.destroy());
  const answers: { correlationId: number; body: Buffer }[] = [];
  let held: Buffer = Buffer.alloc(0);
  let wake: () => void = () => undefined;
  const ended = once(socket, 'end').then(() => undefined);
  ended.catch(() => undefined);
  socket.on('data', (chunk: Buffer) => {
    held = Buffer.concat([held, chunk]);
    while (held.length >= 4 && held.length >= 4 + held.readInt32BE(0)) {
      const end = 4 + held.readInt32BE(0);
      answers.push({ correlationId: held.readInt32BE(4), body: held.subarray(8, end) });
      held = held.subarray(end);
    }
    wake();
  });
  return {
    socket,
    answers,
    ended: () => ended,
    async waitFor(count) {
      while (answers.length < count) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return answers;
    },
  };
}
