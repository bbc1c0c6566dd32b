/**
 * How the Kafka door treats one API. Most are relayed as they are; a definition adds what the
 * mapping changes, and nothing else of the API is decoded.
 */
import type { Logger } from 'pino';
import type { ApiTables } from '../wire/frame.ts';
import type { Decoded, Fields, Input } from '../wire/message.ts';
import type { RequestHead } from '../wire/scan/request-head.ts';
import type { GroupOffsets } from '../groups/group-offsets.ts';
import type { TransactionOffsets } from '../groups/transaction-offsets.ts';
import type { Access, Refusal } from '../access/authorizer.ts';
import type { BrokerDirectory } from './brokers/directory.ts';
import type { ProduceGate } from './produce/gate.ts';
import type { AnswerThrottle, ShardThrottling } from './rules/shard-throttling.ts';
import type { StreamRulesView } from './rules/stream-rules.ts';
import type { TopicNames } from './rules/topic-names.ts';
import type { KafkaSession } from './session.ts';

/** What hooks may use. */
export type KafkaContext = {
  readonly brokers: BrokerDirectory;
  readonly streams: StreamRulesView;
  /** Whether clients say to brokers themselves who they are. */
  readonly clientsLogIn: boolean;
  readonly topicNames: TopicNames;
  readonly produce: ProduceGate;
  /** Whether Produce to streams with Kinesis rules waits for replicas whatever the client asks. */
  readonly raisesAcks: boolean;
  /** Undefined if shards have no limits. */
  readonly throttling: ShardThrottling | undefined;
  /** Offsets of groups in lease tables. */
  readonly groups: GroupOffsets;
  readonly transactions: TransactionOffsets;
  readonly logger: Logger;
  /** Every API of the door, by key. */
  readonly apis: ReadonlyMap<number, KafkaApi>;
};

export type ClientConnection = {
  readonly session: KafkaSession;
  readonly isClosed: boolean;
  /** The broker that answers, once there is one. */
  readonly servedBy: number | undefined;
  /** The broker that the client has come for, while another one serves in its place. */
  readonly standsInFor: number | undefined;
};

export type Call = KafkaContext & {
  readonly version: number;
  readonly clientId: string | null;
  /** The client's, by which the request came. */
  readonly connection: ClientConnection;
};

/** What becomes of a request that a hook has looked at. */
export type RequestDecision<Q extends Fields, R extends Fields, Note> =
  /** It goes on as it came. */
  | 'relay'
  /**
   * Another request goes on in its place, or, where it is the same object, the request as it
   * came; `note` reaches the response's hook.
   */
  | { readonly relay: Input<Q>; readonly note?: Note }
  /** The gateway answers itself. */
  | { readonly answer: Input<R> };

/** How requests of an API go on without being decoded; one for each connection. */
export type Passage<Q extends Fields> = {
  /**
   * Looks at a request of which so much is there. `pass`: it goes on as the buffer has it now,
   * and what is still to come goes on unseen. `collect`: it is given to `take` when it is whole.
   * `asked` is there where it was decoded for an authorizer. Throws WireError.
   */
  begin(
    buffer: Buffer,
    position: number,
    head: RequestHead,
    asked: Decoded<Q> | undefined,
  ): 'pass' | 'collect' | PassingRequest;
  /**
   * Takes a request that was collected. What is behind it on the connection waits where this
   * takes time. Throws WireError.
   */
  take?(head: RequestHead, pieces: readonly Buffer[]): Promise<void> | undefined;
};

/** A request that goes on while it comes. */
export type PassingRequest = {
  /**
   * Looks at the bytes from `position` on, which are the next of the frame. Answers up to where
   * they may pass; the rest is wanted again with what follows. Throws WireError.
   */
  through(buffer: Buffer, position: number): number;
};

/** The answer that the client gets to a request of its own. */
export type ExpectedAnswer = {
  /** Sees the whole answer before it goes on; answers the ms that the client waits. */
  throttle: AnswerThrottle | undefined;
};

/** What a passage has of its connection. */
export type PassageLine<R extends Fields, Note> = {
  readonly connection: ClientConnection;
  /** Times in which what comes from the client waits. */
  readonly mute: {
    /** Until the next answer with a throttle is on its way, and then for as long as that says. */
    awaitAnswer(): void;
    start(waitMs: number): void;
  };
  /** A request goes to the broker, and its answer to the client; `note` reaches its hooks. */
  expect(head: RequestHead, note: Note | undefined): ExpectedAnswer;
  /** As expect, but the gateway takes the answer; what `take` throws ends the connection. */
  expectOwn(head: RequestHead, take: (answer: Decoded<R>) => void): void;
  /** Resolves when every request of this API before is answered; one waits at a time. */
  whenAnswered(): Promise<void>;
  write(pieces: readonly Buffer[]): void;
  /** Gives the client an answer of the gateway's own, in its turn. */
  answer(head: RequestHead, answer: Input<R>): void;
  /** A request of the gateway's own, of any API, between those of the client. */
  ask<AQ extends Fields, AR extends Fields>(
    tables: ApiTables<AQ, AR>,
    version: number,
    request: Input<AQ>,
  ): Promise<Decoded<AR>>;
  /** Ends the connection at once. */
  close(): void;
};

export type ApiDefinition<Q extends Fields, R extends Fields, Note> = ApiTables<Q, R> & {
  /** It is about what this broker has, so that another one's answer would be wrong. */
  readonly isOfOneBroker?: true;
  /** Advertised from here on, where Kafka itself advertises more than it serves. */
  readonly advertisedMin?: number;
  /** Where the door differs from Kafka, a sentence each, for the documentation. */
  readonly deviations?: readonly string[];
  /** Everything that a request is on, for the authorizer; called only where that looks. */
  touches(request: Decoded<Q>, call: Call): Access | readonly Access[];
  /**
   * The answer to a request of which this is refused; nothing of it is done. Without the hook the
   * answer has the code of the first refusal at its top. Where there is no answer, or no place in
   * it, the connection ends.
   */
  onRefused?(request: Decoded<Q>, refusals: readonly Refusal[], call: Call): Input<R> | undefined;
  /** Where requests go on without being decoded, and are looked at nonetheless. */
  passage?(line: PassageLine<R, Note>, context: KafkaContext): Passage<Q>;
  onRequest?(
    request: Decoded<Q>,
    call: Call,
  ): RequestDecision<Q, R, Note> | Promise<RequestDecision<Q, R, Note>>;
  /** Answers a request in a version that no table has; without it the connection ends. */
  onUnknownVersion?(): { readonly version: number; readonly answer: Input<R> };
  /**
   * Whether an answer that the hook would see goes on as it came. It begins at `start` with its
   * length, and may not be all there; it is asked about again when it is.
   */
  passes?(
    buffer: Buffer,
    start: number,
    version: number,
    note: Note | undefined,
    context: KafkaContext,
  ): boolean;
  /** Gives the response that the client gets, or undefined for the one that came. */
  onResponse?(
    response: Decoded<R>,
    call: Call,
    note: Note | undefined,
  ): Input<R> | undefined | Promise<Input<R> | undefined>;
};

/** An API as the door sees it; what its hooks note for each other is theirs. */
export type KafkaApi = ApiDefinition<Fields, Fields, unknown> & {
  readonly name: string;
  readonly key: number;
};

export function defineApi<Q extends Fields, R extends Fields, Note = never>(
  definition: ApiDefinition<Q, R, Note>,
): KafkaApi {
  const { name, key } = definition.request;
  const shortName = name.replace(/Request$/, '');
  return { ...definition, name: shortName, key } as unknown as KafkaApi;
}
