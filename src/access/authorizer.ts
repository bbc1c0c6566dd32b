/**
 * May the caller do this? Every call of either door passes an authorizer once, with everything
 * that it names, before anything of it is done.
 */
import type { Session } from './session.ts';

export type ResourceKind =
  /** A stream, which is a topic on the Kafka door. */
  | 'stream'
  /** A registered consumer of a stream: `STREAM/consumer/NAME`. */
  | 'consumer'
  /** A consumer group, which is the lease table of a KCL application. */
  | 'group'
  | 'transactional-id'
  /** A key of KMS, by whatever the caller names it. */
  | 'key'
  /** Of the cluster or the account as a whole: what names no single thing. The name is `*`. */
  | 'all';

/** One action on one thing. */
export type Access = {
  /** As policies spell it: `kinesis:PutRecord`, `kafka-cluster:WriteData`. */
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
  /**
   * The accesses that are refused. A call with one access gives it without a list, because most
   * calls have one and the fast ones allocate nothing that they can avoid. An answer that is
   * there at once is no promise.
   */
  authorize(
    session: Session,
    accesses: Access | readonly Access[],
  ): readonly Refusal[] | Promise<readonly Refusal[]>;
};

/** Says yes to everybody: there are no policies yet. */
export const allowEverything: Authorizer = { authorize: () => noRefusals };
