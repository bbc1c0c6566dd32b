/**
 * How the Kafka door treats one API. Most are relayed as they are; a definition adds what the
 * mapping changes, and nothing else of the API is decoded.
 */
import type { Logger } from 'pino';
import type { Decoded, Fields, Input, Message } from '../wire/message.ts';
import type { GroupOffsets } from '../groups/group-offsets.ts';
import type { TransactionOffsets } from '../groups/transaction-offsets.ts';
import type { BrokerDirectory } from './brokers/directory.ts';
import type { ProduceGate } from './produce/gate.ts';
import type { StreamRulesView } from './rules/stream-rules.ts';
import type { TopicNames } from './rules/topic-names.ts';

/** What hooks may use. */
export type KafkaContext = {
  readonly brokers: BrokerDirectory;
  readonly streams: StreamRulesView;
  /** Whether clients say to brokers themselves who they are. */
  readonly clientsLogIn: boolean;
  readonly topicNames: TopicNames;
  readonly produce: ProduceGate;
  /** Offsets of groups in lease tables. */
  readonly groups: GroupOffsets;
  readonly transactions: TransactionOffsets;
  readonly logger: Logger;
  /** Every API of the door, by key. */
  readonly apis: ReadonlyMap<number, KafkaApi>;
};

export type ClientConnection = {
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
export type RequestDecision<Q extends Fields, R extends Fields> =
  /** It goes on as it came. */
  | 'relay'
  /**
   * Another request goes on in its place, or, where it is the same object, the request as it
   * came; `note` reaches the response's hook.
   */
  | { readonly relay: Input<Q>; readonly note?: unknown }
  /** The gateway answers itself. */
  | { readonly answer: Input<R> };

export type ApiDefinition<Q extends Fields, R extends Fields> = {
  readonly request: Message<Q>;
  readonly response: Message<R>;
  /**
   * The broker is asked in at most this version, although the client used a later one: for
   * versions whose bytes are the same and differ in what the broker may add to its answer.
   */
  readonly relayedVersionMax?: number;
  /** Answers have records in them: their bytes count for the shards that were read. */
  readonly readsRecords?: true;
  /** It is about what this broker has, so that another one's answer would be wrong. */
  readonly isOfOneBroker?: true;
  /** Advertised from here on, where Kafka itself advertises more than it serves. */
  readonly advertisedMin?: number;
  /** First version whose response the hook must see. */
  readonly responseHookSince?: number;
  /** Answers, in the layout of version 0, a request in a version that no table has. */
  readonly unknownVersionAnswer?: Input<R>;
  /** Where the door differs from Kafka, a sentence each, for the documentation. */
  readonly deviations?: readonly string[];
  /** Whether a response (behind its length) is in another version's layout: it goes on as it is. */
  isForeign?(response: Buffer, version: number): boolean;
  onRequest?(
    request: Decoded<Q>,
    call: Call,
  ): RequestDecision<Q, R> | Promise<RequestDecision<Q, R>>;
  /** Whether the answer to a request with this note may pass unseen, where others do. */
  maySkip?(note: unknown, context: KafkaContext): boolean;
  /**
   * Whether an answer that the hook would see goes on as it came; all of it is there, its length
   * at `start`.
   */
  passes?(buffer: Buffer, start: number, version: number): boolean;
  /** Gives the response that the client gets, or undefined for the one that came. */
  onResponse?(
    response: Decoded<R>,
    call: Call,
    note: unknown,
  ): Input<R> | undefined | Promise<Input<R> | undefined>;
};

/** An API as the door sees it. */
export type KafkaApi = ApiDefinition<Fields, Fields> & {
  readonly name: string;
  readonly key: number;
};

export function defineApi<Q extends Fields, R extends Fields>(
  definition: ApiDefinition<Q, R>,
): KafkaApi {
  const { name, key } = definition.request;
  const shortName = name.replace(/Request$/, '');
  return { ...definition, name: shortName, key } as unknown as KafkaApi;
}
