/**
 * Finds the coordinators of groups and transactional ids, and sends requests to them. Source: the
 * Kafka protocol guide, "FindCoordinator".
 */
import { LRUCache } from 'lru-cache';
import { GatewayError } from '../../src/domain/errors.ts';
import { type Patience, untilDefined } from '../../src/runtime/retry.ts';
import { errorCodes } from '../../src/wire/errors.ts';
import {
  findCoordinatorRequest,
  findCoordinatorResponse,
} from '../../src/wire/messages/10-find-coordinator.ts';
import type { Cluster } from './cluster.ts';
import { errorOf } from './error-kinds.ts';

const findCoordinatorApi = { request: findCoordinatorRequest, response: findCoordinatorResponse };
const keyTypes = { group: 0, transaction: 1 } as const;
const coordinatorsKnownMax = 10_000;
/** The coordinator is loading, not available, or has moved. */
const movedCodes: ReadonlySet<number> = new Set([
  errorCodes.COORDINATOR_LOAD_IN_PROGRESS,
  errorCodes.COORDINATOR_NOT_AVAILABLE,
  errorCodes.NOT_COORDINATOR,
]);

export type Ask<A> = {
  readonly request: (nodeId: number) => Promise<A>;
  /** Kafka's code in the response. */
  readonly codeOf: (answer: A) => number;
  /** Another retriable code, which does not mean that the coordinator has moved. */
  readonly waitsFor?: number;
};

export class Coordinators {
  readonly #cluster: Cluster;
  readonly #kind: keyof typeof keyTypes;
  readonly #patience: Patience;
  readonly #known = new LRUCache<string, number>({ max: coordinatorsKnownMax });

  constructor(cluster: Cluster, kind: keyof typeof keyTypes, patience: Patience) {
    this.#cluster = cluster;
    this.#kind = kind;
    this.#patience = patience;
  }

  /**
   * Sends a request to the coordinator, and repeats it while the coordinator moves; after too long
   * a time, returns the last response. Errors: `unavailable` (there is no coordinator, or it does
   * not respond), or Kafka's error of FindCoordinator.
   */
  async ask<A>(key: string, { request, codeOf, waitsFor }: Ask<A>): Promise<A> {
    let last: A | undefined;
    const settled = await untilDefined(this.#patience, async () => {
      const nodeId = this.#known.get(key) ?? (await this.#find(key));
      if (nodeId === undefined) return undefined;
      try {
        last = await request(nodeId);
      } catch (error) {
        this.#known.delete(key);
        throw error;
      }
      const code = codeOf(last);
      if (movedCodes.has(code)) this.#known.delete(key);
      else if (code !== waitsFor) return { answer: last };
      return undefined;
    });
    if (settled !== undefined) return settled.answer;
    if (last !== undefined) return last;
    throw new GatewayError('unavailable', `no coordinator of ${this.#kind} ${key} now`);
  }

  /** Undefined if there is none at the moment. */
  async #find(key: string): Promise<number | undefined> {
    const answer = await this.#cluster.request(findCoordinatorApi, {
      key,
      keyType: keyTypes[this.#kind],
      coordinatorKeys: [key],
    });
    const { errorCode, nodeId } = answer.coordinators[0] ?? answer;
    if (movedCodes.has(errorCode)) return undefined;
    if (errorCode !== errorCodes.NONE) {
      throw errorOf(errorCode, `coordinator of ${this.#kind} ${key}`);
    }
    if (!this.#cluster.brokers.has(nodeId)) await this.#cluster.refreshBrokers();
    this.#known.set(key, nodeId);
    return nodeId;
  }
}
