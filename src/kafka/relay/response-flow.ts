/**
 * The way back: from the broker's connection to the client's, in the order of the calls. While a
 * hook takes time, answers behind it that have hooks too are taken in, so that commits that came
 * one behind the other wait for the lease table together.
 */
import type { Socket } from 'node:net';
import type { DoorObserver } from '../../ports/observer.ts';
import { decodeResponse, encodeResponse, errorNameOf } from '../../wire/frame.ts';
import type { Fields, Input } from '../../wire/message.ts';
import type { ClientConnection, KafkaContext } from '../api.ts';
import type { CallQueue, ClientCall, OwnCall, PendingCall } from './call-queue.ts';
import type { ReadBuffer } from '../../runtime/memory/read-buffers.ts';

export type ResponseFlowSettings = {
  readonly context: KafkaContext;
  readonly connection: ClientConnection;
  readonly observer: DoorObserver;
  readonly onFailure: (reason: string, cause?: unknown) => void;
  /** Calls were answered: more may be read from the client. */
  readonly onRoom: () => void;
  /** An answer was written that tells the client to wait for so many ms. */
  readonly onThrottled: (waitMs: number) => void;
};

/** Answers collected for a hook are small messages; a larger one is no answer. */
const hookedBytesMax = 128 * 1024 * 1024;
/** Hooks of one connection that take time at once. */
const hooksAtOnceMax = 100;
/** Pieces up to this size are copied, so that the large buffer is free at once. */
const copiedBytesMax = 1024;

/** An answer that a hook has seen, or sees now; `pieces` is there once it is known. */
type HookedAnswer = {
  pieces: readonly Buffer[] | undefined;
  readonly error: string | undefined;
  readonly waitMs: number;
};

export class ResponseFlow {
  readonly #client: Socket;
  readonly #backing: { resume(): void };
  readonly #calls: CallQueue;
  readonly #settings: ResponseFlowSettings;
  /** Bytes of the broker that wait: the start of a frame, or behind a hook that takes time. */
  #held: Buffer | undefined;
  /** Of the first calls, in their order. */
  readonly #hooked: HookedAnswer[] = [];
  /** What comes next from the broker has to wait for them. */
  #blocked = false;
  #passing = 0;
  #passingBytes = 0;
  #collected: { bytes: Buffer; fill: number } | undefined;

  constructor(
    client: Socket,
    backing: { resume(): void },
    calls: CallQueue,
    settings: ResponseFlowSettings,
  ) {
    this.#client = client;
    this.#backing = backing;
    this.#calls = calls;
    this.#settings = settings;
  }

  /** Takes what was read from the broker. Answers whether to read on. */
  push(buffer: ReadBuffer, readBytes: number): boolean {
    const chunk = buffer.bytes.subarray(0, readBytes);
    if (this.#held === undefined) {
      this.#process(chunk, buffer);
    } else {
      // Rare: a frame's first bytes were cut, or a hook is at work.
      this.#process(Buffer.concat([this.#held, chunk]), undefined);
    }
    buffer.release();
    return !this.#client.writableNeedDrain && !this.#blocked;
  }

  /** The client takes more, or a hook is done. */
  resume(): void {
    if (this.#settings.connection.isClosed || this.#blocked) return;
    if (this.#held !== undefined) this.#process(this.#held, undefined);
    if (!this.#client.writableNeedDrain && !this.#blocked) this.#backing.resume();
  }

  /** The gateway's own answer to a call is known. */
  answerReady(error: string | undefined): void {
    this.#writeLocalAnswers(error);
    if (this.#held !== undefined) this.resume();
  }

  #process(chunk: Buffer, buffer: ReadBuffer | undefined): void {
    this.#held = undefined;
    this.#client.cork();
    try {
      const end = this.#processFrames(chunk, buffer);
      // The buffer goes round; what waits is copied out of it.
      if (end < chunk.length) {
        this.#held = buffer === undefined ? chunk.subarray(end) : Buffer.from(chunk.subarray(end));
      }
    } catch (error) {
      this.#settings.onFailure('broken-response', error);
    }
    this.#client.uncork();
    this.#settings.onRoom();
  }

  /** Answers how far it came. Neighbours that need no change go out as one piece. */
  #processFrames(chunk: Buffer, buffer: ReadBuffer | undefined): number {
    let position = 0;
    let runStart = 0;
    const flush = (end: number) => {
      if (end > runStart) this.#write(chunk.subarray(runStart, end), buffer);
      runStart = end;
    };
    while (position < chunk.length && !this.#blocked) {
      if (this.#passing > 0) {
        const size = Math.min(this.#passing, chunk.length - position);
        this.#passing -= size;
        position += size;
        if (this.#passing > 0) continue;
        const next = this.#finish(this.#passingBytes, undefined);
        if (next?.kind === 'local') {
          flush(position);
          this.#writeLocalAnswers(undefined);
        }
        continue;
      }
      if (this.#collected === undefined) {
        const begun = this.#beginFrame(chunk, position);
        if (begun === 'incomplete') break;
        if (begun === 'pass') continue;
      }
      flush(position);
      position = this.#collect(chunk, position);
      runStart = position;
    }
    flush(position);
    return position;
  }

  #beginFrame(chunk: Buffer, position: number): 'incomplete' | 'pass' | 'collect' {
    if (chunk.length - position < 8) return 'incomplete';
    const hooks = this.#hooked.length;
    const call = this.#calls.at(hooks);
    const isSeen = call !== undefined && call.kind !== 'own' && isSeenWhole(call);
    if (hooks > 0 && (!isSeen || hooks >= hooksAtOnceMax)) {
      this.#blocked = true;
      return 'incomplete';
    }
    const size = chunk.readInt32BE(position);
    if (call === undefined || chunk.readInt32BE(position + 4) !== call.head.correlationId) {
      throw new Error('the broker answered what was not asked');
    }
    const mayPass = hooks === 0 && call.kind !== 'own';
    if (mayPass && (!isSeen || this.#passes(call, chunk, position))) {
      this.#passing = size + 4;
      this.#passingBytes = size + 4;
      return 'pass';
    }
    if (size < 4 || size > hookedBytesMax) throw new Error(`a response of ${size} bytes`);
    this.#collected = { bytes: Buffer.allocUnsafe(size + 4), fill: 0 };
    return 'collect';
  }

  /** An answer that its hook would not change is not decoded. */
  #passes({ api, head, note, throttle }: ClientCall, frame: Buffer, start: number): boolean {
    if (throttle !== undefined || api.passes === undefined) return false;
    return api.passes(frame, start, head.version, note, this.#settings.context);
  }

  #collect(chunk: Buffer, position: number): number {
    const collected = this.#collected!;
    const copied = chunk.copy(collected.bytes, collected.fill, position);
    collected.fill += copied;
    if (collected.fill === collected.bytes.length) {
      this.#collected = undefined;
      this.#runHook(this.#calls.at(this.#hooked.length)!, collected.bytes);
    }
    return position + copied;
  }

  #runHook(call: PendingCall, frame: Buffer): void {
    if (call.kind === 'own') return this.#takeOwn(call, frame);
    const { api, head, note } = call;
    const { context, connection } = this.#settings;
    const waitMs = call.throttle?.(frame) ?? 0;
    const isUnchanged = api.passes?.(frame, 0, head.version, note, context);
    if (isUnchanged === true || api.onResponse === undefined) {
      return this.#answerHooked({ pieces: [frame], error: undefined, waitMs });
    }
    const response = decodeResponse(api.response, head.version, frame.subarray(4));
    const changed = api.onResponse(
      response,
      { ...context, version: head.version, clientId: head.clientId, connection },
      note,
    );
    const error = errorNameOf(response);
    const piecesOf = (value: Input<Fields> | undefined) =>
      value === undefined ? [frame] : encodeResponse(api.response, head, value);
    if (!(changed instanceof Promise)) {
      return this.#answerHooked({ pieces: piecesOf(changed), error, waitMs });
    }
    const answer: HookedAnswer = { pieces: undefined, error, waitMs };
    this.#answerHooked(answer);
    changed
      .then((value) => {
        answer.pieces = piecesOf(value);
        this.#writeHooked();
        this.resume();
        this.#settings.onRoom();
      })
      .catch((cause: unknown) => this.#settings.onFailure('failed-response', cause));
  }

  #answerHooked(answer: HookedAnswer): void {
    this.#hooked.push(answer);
    this.#writeHooked();
  }

  /** An answer that is not the client's. */
  #takeOwn(call: OwnCall, frame: Buffer): void {
    this.#calls.shift();
    call.take(frame.subarray(4));
    this.#writeLocalAnswers(undefined);
  }

  /** What is known, up to the first answer that is not. */
  #writeHooked(): void {
    for (;;) {
      const [first] = this.#hooked;
      if (this.#settings.connection.isClosed || first?.pieces === undefined) break;
      this.#hooked.shift();
      this.#blocked = false;
      this.#finish(this.#writePieces(first.pieces), first.error);
      if (first.waitMs > 0) this.#settings.onThrottled(first.waitMs);
    }
    this.#writeLocalAnswers(undefined);
  }

  /** Own answers whose turn it is. */
  #writeLocalAnswers(error: string | undefined): void {
    if (this.#passing > 0 || this.#hooked.length > 0 || this.#collected !== undefined) return;
    let call = this.#calls.first();
    while (call?.kind === 'local' && call.pieces !== undefined) {
      const bytes = this.#writePieces(call.pieces);
      call = this.#finish(bytes, error);
    }
  }

  #writePieces(pieces: readonly Buffer[]): number {
    let bytes = 0;
    this.#client.cork();
    for (const piece of pieces) {
      this.#client.write(piece);
      bytes += piece.length;
    }
    this.#client.uncork();
    return bytes;
  }

  #write(piece: Buffer, buffer: ReadBuffer | undefined): void {
    if (buffer === undefined) {
      this.#client.write(piece);
    } else if (piece.length <= copiedBytesMax) {
      this.#client.write(Buffer.from(piece));
    } else {
      buffer.retain();
      this.#client.write(piece, buffer.release);
    }
  }

  /** The first call is answered. Gives the one that is first now. */
  #finish(bytesOut: number, error: string | undefined): PendingCall | undefined {
    const call = this.#calls.first();
    if (call === undefined || call.kind === 'own') throw new Error('an answer to nobody');
    const { api, head, startedAtMs } = call;
    this.#calls.shift();
    this.#settings.observer.request({
      operation: api.name,
      durationMs: performance.now() - startedAtMs,
      error,
      bytesIn: head.size + 4,
      bytesOut,
    });
    return this.#calls.first();
  }
}

/** Whether something of the gateway's wants to see the answer, all of it. */
function isSeenWhole({ kind, throttle }: ClientCall): boolean {
  return kind === 'hook' || throttle !== undefined;
}
