/**
 * May the caller do this? Every call on either door passes an authorizer once, before any of it is
 * carried out, with the names of everything that it touches.
 */
import type { Session } from './session.ts';

export type ResourceKind =
  /** A stream, which is a topic on the Kafka door; `*` for whichever there are. */
  | 'stream'
  /** A topic that was named by an id (base64url) of which nobody knows the name. */
  | 'topic-id'
  /** A registered consumer of a stream: `STREAM/consumer/NAME`. */
  | 'consumer'
  /** A queue by its id; where it is being created, by its name, with which its id begins. */
  | 'queue'
  /** A consumer group, which is the lease table of a KCL application; `*` as above. */
  | 'group'
  | 'transactional-id'
  /** Delegation tokens of Kafka, which are not named one by one. */
  | 'delegation-token'
  /** A user of Kafka in its own form, `User:NAME`. */
  | 'user'
  /** A KMS key, in the form in which the caller names it: id, ARN or alias. */
  | 'key'
  /**
   * The cluster or the account as a whole, for actions that name no single resource. The name is
   * `*`.
   */
  | 'all';

/** One action on one resource. */
export type Access = {
  /** `kinesis:PutRecord` as policies of AWS spell it, or `kafka:Write` as Kafka's rules do. */
  readonly action: string;
  readonly kind: ResourceKind;
  /** Without account and region, which are the gateway's own. */
  readonly name: string;
};

export type Refusal = {
  readonly access: Access;
  /** A sentence for the caller. */
  readonly message: string;
};

export const noRefusals: readonly Refusal[] = [];

export type Authorizer = {
  /** Whether it permits everything: then calls need not be inspected for the names in them. */
  readonly permitsAll?: true;
  /**
   * Returns the accesses that are refused. Most calls have exactly one access, so one may be passed
   * without an array, and a result that is known at once is not a promise: the fast path allocates
   * nothing.
   */
  authorize(
    session: Session,
    accesses: Access | readonly Access[],
  ): readonly Refusal[] | Promise<readonly Refusal[]>;
};

/** Says yes to everybody: there are no policies yet. */
export const allowEverything: Authorizer = { permitsAll: true, authorize: () => noRefusals };
