/**
 * What becomes of a request: it passes as it comes, or is collected and given to what its API has
 * for it, and goes on to the broker or is answered here.
 */
import type { Fields, Input } from '../../wire/message.ts';
import {
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  errorNameOf,
} from '../../wire/frame.ts';
import type { RequestHead } from '../../wire/scan/request-head.ts';
import type {
  ClientConnection,
  KafkaApi,
  KafkaContext,
  Passage,
  PassageLine,
  PassingRequest,
  RequestDecision,
} from '../api.ts';
import type { BackingLink } from './backing-link.ts';
import type { CallQueue } from './call-queue.ts';
import type { ChannelMute } from './channel-mute.ts';

export type RequestFlowSettings = {
  readonly context: KafkaContext;
  readonly connection: ClientConnection;
  readonly calls: CallQueue;
  readonly backing: BackingLink;
  readonly mute: ChannelMute;
  /** An answer of the gateway's own is in the queue. */
  readonly onAnswered: (error: string | undefined) => void;
  readonly close: () => void;
};

type Decision = RequestDecision<Fields, Fields, unknown>;

export class RequestFlow {
  readonly #settings: RequestFlowSettings;
  /** By the keys of their APIs; made on first use. */
  readonly #passages: (Passage | undefined)[] = [];

  constructor(settings: RequestFlowSettings) {
    this.#settings = settings;
  }

  /** As Passage.begin; `collect`: it is given to `take` when it is whole. Throws WireError. */
  begin(
    buffer: Buffer,
    position: number,
    head: RequestHead,
    api: KafkaApi,
  ): 'pass' | 'collect' | PassingRequest {
    if (!isServed(api, head.version)) return 'collect';
    const passage = this.#passageOf(api);
    if (passage !== undefined) return passage.begin(buffer, position, head);
    if (api.onRequest !== undefined) return 'collect';
    this.#settings.calls.expect(head, api, undefined);
    return 'pass';
  }

  /**
   * Takes a request that was collected; nothing behind it is read before what is answered here
   * resolves. Throws WireError.
   */
  take(head: RequestHead, api: KafkaApi, pieces: readonly Buffer[]): Promise<void> | undefined {
    if (!isServed(api, head.version)) {
      const { version, answer } = api.onUnknownVersion!();
      this.#answer({ ...head, version }, api, answer);
      return undefined;
    }
    const passage = this.#passageOf(api);
    if (passage !== undefined) return passage.take?.(head, pieces);
    return this.#decide(head, api, pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces));
  }

  /** The API's hook decides. */
  #decide(head: RequestHead, api: KafkaApi, frame: Buffer): Promise<void> | undefined {
    const { context, connection } = this.#settings;
    const request = decodeRequest(api.request, head.version, frame);
    const { version, clientId } = head;
    const decided = api.onRequest!(request, { ...context, version, clientId, connection });
    const goOn = (decision: Decision) => {
      if (connection.isClosed) return;
      if (decision === 'relay') this.#relay(head, api, [frame], undefined);
      else if ('answer' in decision) this.#answer(head, api, decision.answer);
      else if (decision.relay === request) this.#relay(head, api, [frame], decision.note);
      else {
        const pieces = encodeRequest(api.request, head, decision.relay);
        this.#relay(head, api, pieces, decision.note);
      }
    };
    if (decided instanceof Promise) return decided.then(goOn);
    goOn(decided);
    return undefined;
  }

  #relay(head: RequestHead, api: KafkaApi, pieces: readonly Buffer[], note: unknown): void {
    const { calls, backing } = this.#settings;
    calls.expect(head, api, note);
    for (const piece of pieces) backing.write(piece);
  }

  #answer(head: RequestHead, api: KafkaApi, answer: Input<Fields>): void {
    const { calls, onAnswered } = this.#settings;
    const call = calls.expect(head, api, undefined);
    call.kind = 'local';
    call.pieces = encodeResponse(api.response, head, answer);
    onAnswered(errorNameOf(answer));
  }

  #passageOf(api: KafkaApi): Passage | undefined {
    if (api.passage === undefined) return undefined;
    return (this.#passages[api.key] ??= api.passage(this.#lineOf(api), this.#settings.context));
  }

  #lineOf(api: KafkaApi): PassageLine<Fields, unknown> {
    const { backing, calls, close, connection, mute } = this.#settings;
    return {
      connection,
      mute,
      expect: (head, note) => calls.expect(head, api, note),
      expectOwn: (head, take) =>
        calls.expectOwn(head, (frame) => take(decodeResponse(api.response, head.version, frame))),
      whenAnswered: () => calls.whenAnswered(api.key),
      write(pieces) {
        backing.cork();
        for (const piece of pieces) backing.write(piece);
        backing.uncork();
      },
      answer: (head, answer) => this.#answer(head, api, answer),
      ask: (tables, version, request) => backing.ask(tables, version, request),
      close,
    };
  }
}

export function isServed({ request }: KafkaApi, version: number): boolean {
  return version >= request.versionMin && version <= request.versionMax;
}
