/**
 * The handling of a request: it is forwarded as it arrives, or collected and passed to its API's
 * hooks, and then forwarded to the broker or answered here.
 */
import type { Decoded, Fields, Input } from '../../wire/message.ts';
import {
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  errorNameOf,
} from '../../wire/frame.ts';
import type { RequestHead } from '../../wire/scan/request-head.ts';
import type { Authorizer, Refusal } from '../../access/authorizer.ts';
import { touchesNothing } from '../access.ts';
import type {
  Call,
  ClientConnection,
  KafkaApi,
  KafkaContext,
  Passage,
  PassageLine,
  PassingRequest,
  RequestDecision,
} from '../api.ts';
import { codeOfRefusal } from '../errors.ts';
import type { BackingLink } from './backing-link.ts';
import type { CallQueue } from './call-queue.ts';
import type { ChannelMute } from './channel-mute.ts';

export type RequestFlowSettings = {
  readonly context: KafkaContext;
  readonly connection: ClientConnection;
  readonly calls: CallQueue;
  readonly backing: BackingLink;
  readonly mute: ChannelMute;
  readonly authorizer: Authorizer;
  /** A response of the gateway's own was queued. */
  readonly onAnswered: (error: string | undefined) => void;
  readonly close: () => void;
  /** A refusal that the response cannot express. */
  readonly onRefused: (refusal: Refusal) => void;
};

type Decision = RequestDecision<Fields, Fields, unknown>;
/** A request that was decoded for the authorizer. */
type Whole = {
  readonly head: RequestHead;
  readonly api: KafkaApi;
  readonly frame: Buffer;
  readonly request: Decoded<Fields>;
  readonly call: Call;
};

export class RequestFlow {
  readonly #settings: RequestFlowSettings;
  /** By API key; created on first use. */
  readonly #passages: (Passage<Fields> | undefined)[] = [];
  /** Whether each request is held until the authorizer has checked what it touches. */
  readonly #isGuarded: boolean;

  constructor(settings: RequestFlowSettings) {
    this.#settings = settings;
    this.#isGuarded = settings.authorizer.permitsAll !== true;
  }

  /**
   * As Passage.begin; `collect`: it will be passed to `take` once it is complete. Throws WireError.
   */
  begin(
    buffer: Buffer,
    position: number,
    head: RequestHead,
    api: KafkaApi,
  ): 'pass' | 'collect' | PassingRequest {
    if (!isServed(api, head.version) || this.#isHeld(api)) return 'collect';
    const passage = this.#passageOf(api);
    if (passage !== undefined) return passage.begin(buffer, position, head, undefined);
    if (api.onRequest !== undefined) return 'collect';
    this.#settings.calls.expect(head, api, undefined);
    return 'pass';
  }

  /**
   * Processes a collected request; later requests are not read before the returned promise
   * resolves. Throws WireError.
   */
  take(head: RequestHead, api: KafkaApi, pieces: readonly Buffer[]): Promise<void> | undefined {
    if (!isServed(api, head.version)) {
      const { version, answer } = api.onUnknownVersion!();
      this.#answer({ ...head, version }, api, answer);
      return undefined;
    }
    if (this.#isHeld(api)) return this.#authorize(this.#wholeOf(head, api, pieces));
    const passage = this.#passageOf(api);
    if (passage !== undefined) return passage.take?.(head, pieces);
    return this.#decide(this.#wholeOf(head, api, pieces));
  }

  #isHeld({ touches }: KafkaApi): boolean {
    return this.#isGuarded && touches !== touchesNothing;
  }

  #wholeOf(head: RequestHead, api: KafkaApi, pieces: readonly Buffer[]): Whole {
    const { context, connection } = this.#settings;
    const { version, clientId } = head;
    const frame = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
    const request = decodeRequest(api.request, version, frame);
    return { head, api, frame, request, call: { ...context, version, clientId, connection } };
  }

  /** Continues unless the authorizer refuses the request. */
  async #authorize(whole: Whole): Promise<void> {
    const { authorizer, connection } = this.#settings;
    const accesses = await this.#accessesOf(whole);
    const refusals = await authorizer.authorize(connection.session, accesses);
    if (connection.isClosed) return;
    if (refusals.length > 0) return this.#refuse(whole, refusals);
    const { head, api, frame, request } = whole;
    const passage = this.#passageOf(api);
    if (passage === undefined) return this.#decide(whole);
    if (passage.begin(frame, 0, head, request) === 'pass') this.#settings.backing.write(frame);
    else await passage.take?.(head, [frame]);
  }

  async #accessesOf({ api, request, call }: Whole) {
    const { backing, context } = this.#settings;
    const accesses = api.touches(request, call);
    const all = 'kind' in accesses ? [accesses] : accesses;
    const ids = all.filter(({ kind }) => kind === 'topic-id').map(({ name }) => name);
    if (ids.length === 0) return accesses;
    await context.topicNames.learn(ids, backing);
    return api.touches(request, call);
  }

  #refuse({ head, api, request, call }: Whole, refusals: readonly Refusal[]): void {
    const first = refusals[0]!;
    const answer =
      api.onRefused === undefined
        ? refusedAtTop(api, head.version, codeOfRefusal(first.access.kind))
        : api.onRefused(request, refusals, call);
    if (answer === undefined) this.#settings.onRefused(first);
    else this.#answer(head, api, answer);
  }

  /** The API's hook decides, if it has one. */
  #decide({ head, api, frame, request, call }: Whole): Promise<void> | undefined {
    const decided = api.onRequest?.(request, call) ?? 'relay';
    if (decided instanceof Promise) {
      return decided.then((decision) => this.#goOn(head, api, frame, request, decision));
    }
    this.#goOn(head, api, frame, request, decided);
    return undefined;
  }

  #goOn(
    head: RequestHead,
    api: KafkaApi,
    frame: Buffer,
    request: Decoded<Fields>,
    decision: Decision,
  ): void {
    if (this.#settings.connection.isClosed) return;
    if (decision === 'relay') this.#relay(head, api, [frame], undefined);
    else if ('answer' in decision) this.#answer(head, api, decision.answer);
    else if (decision.relay === request) this.#relay(head, api, [frame], decision.note);
    else this.#relay(head, api, encodeRequest(api.request, head, decision.relay), decision.note);
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

  #passageOf(api: KafkaApi): Passage<Fields> | undefined {
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

/** Undefined if responses of this version have no top-level error code. */
function refusedAtTop(
  { response }: KafkaApi,
  version: number,
  errorCode: number,
): Input<Fields> | undefined {
  const field = response.fields['errorCode'];
  if (field === undefined) return undefined;
  const { since = 0, until = Infinity } = field.options;
  return version >= since && version <= until ? { errorCode } : undefined;
}
