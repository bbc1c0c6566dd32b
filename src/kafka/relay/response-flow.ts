/**
 * Forwards responses from the broker's connection to the client's, in the order of the calls. While
 * a hook is running, later responses that have hooks too are collected, so that consecutive commits
 * wait for the lease table together.
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
  /** Calls were answered: more requests may be read from the client. */
  readonly onRoom: () => void;
  /** A response with this throttle time was written. */
  readonly onThrottled: (waitMs: number) => void;
};

/** Responses for hooks are small messages; a larger one is invalid. */
const hookedBytesMax = 128 * 1024 * 1024;
/** The most concurrent hooks per connection. */
const hooksAtOnceMax = 100;
/** Pieces up to this size are copied, so that the large buffer can be released at once. */
const copiedBytesMax = 1024;

/**
 * A response that a hook has processed or is processing; `pieces` is set once the result is known.
 */
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
  /** Pending bytes of the broker: the start of a frame, or bytes that wait for a hook. */
  #held: Buffer | undefined;
  /** Responses of the first calls, in order. */
  readonly #hooked: HookedAnswer[] = [];
  /** Later data of the broker has to wait for them. */
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

  /** Processes data of the broker. Returns whether to continue reading. */
  push(buffer: ReadBuffer, readBytes: number): boolean {
    const chunk = buffer.bytes.subarray(0, readBytes);
    if (this.#held === undefined) {
      this.#process(chunk, buffer);
    } else {
      // Rare: a frame's start was incomplete, or a hook is running.
      this.#process(Buffer.concat([this.#held, chunk]), undefined);
    }
    buffer.release();
    return !this.#client.writableNeedDrain && !this.#blocked;
  }

  /** The client's socket has drained, or a hook is done. */
  resume(): void {
    if (this.#settings.connection.isClosed || this.#blocked) return;
    if (this.#held !== undefined) this.#process(this.#held, undefined);
    if (!this.#client.writableNeedDrain && !this.#blocked) this.#backing.resume();
  }

  /** The gateway's own response to a call is ready. */
  answerReady(error: string | undefined): void {
    this.#writeLocalAnswers(error);
    if (this.#held !== undefined) this.resume();
  }

  #process(chunk: Buffer, buffer: ReadBuffer | undefined): void {
    this.#held = undefined;
    this.#client.cork();
    try {
      const end = this.#processFrames(chunk, buffer);
      // The buffer is reused, so pending bytes are copied out of it.
      if (end < chunk.length) {
        this.#held = buffer === undefined ? chunk.subarray(end) : Buffer.from(chunk.subarray(end));
      }
    } catch (error) {
      this.#settings.onFailure('broken-response', error);
    }
    this.#client.uncork();
    this.#settings.onRoom();
  }

  /**
   * Returns the position that was reached. Adjacent responses that need no change are written as
   * one piece.
   */
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

  /** A response that its hook would not change is not decoded. */
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

  /** A response to a request of the gateway's own. */
  #takeOwn(call: OwnCall, frame: Buffer): void {
    this.#calls.shift();
    call.take(frame.subarray(4));
    this.#writeLocalAnswers(undefined);
  }

  /** Writes the results that are ready, up to the first that is not. */
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

  /** Writes own responses whose turn it is. */
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

  /** Removes the first call. Returns the next one. */
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

/** Whether the gateway needs the complete response. */
function isSeenWhole({ kind, throttle }: ClientCall): boolean {
  return kind === 'hook' || throttle !== undefined;
}
