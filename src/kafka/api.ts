/**
 * How the Kafka door handles one API. Most are relayed unchanged; a definition adds what the
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

/** The context of hooks. */
export type KafkaContext = {
  readonly brokers: BrokerDirectory;
  readonly streams: StreamRulesView;
  /** Whether clients authenticate with brokers themselves. */
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
  /** All APIs of the door, by key. */
  readonly apis: ReadonlyMap<number, KafkaApi>;
};

export type ClientConnection = {
  readonly session: KafkaSession;
  readonly isClosed: boolean;
  /** The connected broker, once there is one. */
  readonly servedBy: number | undefined;
  /** The broker that the client wants, while another one stands in for it. */
  readonly standsInFor: number | undefined;
};

export type Call = KafkaContext & {
  readonly version: number;
  readonly clientId: string | null;
  /** The client connection of the request. */
  readonly connection: ClientConnection;
};

/** A hook's decision about a request. */
export type RequestDecision<Q extends Fields, R extends Fields, Note> =
  /** Forward it unchanged. */
  | 'relay'
  /**
   * Forward another request in its place, or the original one if it is the same object; the
   * response's hook gets `note`.
   */
  | { readonly relay: Input<Q>; readonly note?: Note }
  /** The gateway responds itself. */
  | { readonly answer: Input<R> };

/** How requests of an API are forwarded without being decoded; one per connection. */
export type Passage<Q extends Fields> = {
  /**
   * Inspects the received part of a request. `pass`: it is forwarded as it is now in the buffer,
   * and the rest without inspection. `collect`: it will be passed to `take` once it is complete.
   * `asked` is given if it was decoded for an authorizer. Throws WireError.
   */
  begin(
    buffer: Buffer,
    position: number,
    head: RequestHead,
    asked: Decoded<Q> | undefined,
  ): 'pass' | 'collect' | PassingRequest;
  /**
   * Processes a collected request. Later requests of the connection wait for the returned promise.
   * Throws WireError.
   */
  take?(head: RequestHead, pieces: readonly Buffer[]): Promise<void> | undefined;
};

/** A request that is forwarded while it arrives. */
export type PassingRequest = {
  /**
   * Inspects the frame's next bytes, which start at `position`. Returns up to where they may be
   * forwarded; the rest must be passed again together with the bytes that follow. Throws WireError.
   */
  through(buffer: Buffer, position: number): number;
};

/** The pending response to a client's request. */
export type ExpectedAnswer = {
  /** Processes the complete response before it is forwarded; returns the throttle time in ms. */
  throttle: AnswerThrottle | undefined;
};

/** The part of a connection that a passage uses. */
export type PassageLine<R extends Fields, Note> = {
  readonly connection: ClientConnection;
  /** Times in which requests of the client wait. */
  readonly mute: {
    /** Until the next response with a throttle was sent, and then for its throttle time. */
    awaitAnswer(): void;
    start(waitMs: number): void;
  };
  /**
   * Adds a request that goes to the broker, and whose response goes to the client; its hooks get
   * `note`.
   */
  expect(head: RequestHead, note: Note | undefined): ExpectedAnswer;
  /** As expect, but the gateway takes the answer; what `take` throws ends the connection. */
  expectOwn(head: RequestHead, take: (answer: Decoded<R>) => void): void;
  /**
   * Resolves when all earlier requests of this API are answered; only one caller may wait at a
   * time.
   */
  whenAnswered(): Promise<void>;
  write(pieces: readonly Buffer[]): void;
  /** Sends a response of the gateway's own to the client, in its turn. */
  answer(head: RequestHead, answer: Input<R>): void;
  /** Sends a request of the gateway's own, of any API, between those of the client. */
  ask<AQ extends Fields, AR extends Fields>(
    tables: ApiTables<AQ, AR>,
    version: number,
    request: Input<AQ>,
  ): Promise<Decoded<AR>>;
  /** Closes the connection at once. */
  close(): void;
};

export type ApiDefinition<Q extends Fields, R extends Fields, Note> = ApiTables<Q, R> & {
  /** The API is about this broker's own state, so another broker's response would be wrong. */
  readonly isOfOneBroker?: true;
  /** The first advertised version, if Kafka itself advertises more than it serves. */
  readonly advertisedMin?: number;
  /** Differences from Kafka, one sentence each, for the documentation. */
  readonly deviations?: readonly string[];
  /**
   * All accesses of a request, for the authorizer; not called if the authorizer permits everything.
   */
  touches(request: Decoded<Q>, call: Call): Access | readonly Access[];
  /**
   * The response to a request with refused accesses; nothing of it is carried out. Without this
   * hook, the response has the code of the first refusal as its top-level error. If there is no
   * response, or it has no such field, the connection is closed.
   */
  onRefused?(request: Decoded<Q>, refusals: readonly Refusal[], call: Call): Input<R> | undefined;
  /** For APIs whose requests are inspected without being decoded. */
  passage?(line: PassageLine<R, Note>, context: KafkaContext): Passage<Q>;
  onRequest?(
    request: Decoded<Q>,
    call: Call,
  ): RequestDecision<Q, R, Note> | Promise<RequestDecision<Q, R, Note>>;
  /** The response to a request in an unknown version; without it, the connection is closed. */
  onUnknownVersion?(): { readonly version: number; readonly answer: Input<R> };
  /**
   * Whether a response may pass unchanged instead of being passed to the hook. It starts at `start`
   * with its length, and may be incomplete; then this is called again once it is complete.
   */
  passes?(
    buffer: Buffer,
    start: number,
    version: number,
    note: Note | undefined,
    context: KafkaContext,
  ): boolean;
  /** Returns the response for the client, or undefined for the original one. */
  onResponse?(
    response: Decoded<R>,
    call: Call,
    note: Note | undefined,
  ): Input<R> | undefined | Promise<Input<R> | undefined>;
};

/** An API as the door sees it; the type of its hooks' notes is erased. */
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
