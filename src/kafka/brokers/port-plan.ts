/**
 * Which port represents which broker. A broker keeps its port across restarts, and several gateways
 * agree on it, because it is computed from the broker's id alone.
 */

/** Brokers whose ids are further than this above the lowest one get the next free ports instead. */
const idSpanMax = 100;

export type PortPlan = {
  /** The port of the first broker, used for bootstrapping; 0 for any. */
  readonly first: number;
  /** Ids in the order of their ports; empty if they are not declared. */
  readonly declared: readonly number[];
  /** The id of the first broker, if ids are not declared. */
  readonly lowestId: number;
};

/** The port of a broker, or undefined if the plan has none for it. */
export function plannedPort(plan: PortPlan, nodeId: number): number | undefined {
  const { first, declared, lowestId } = plan;
  if (first === 0) return 0;
  const index = declared.length > 0 ? declared.indexOf(nodeId) : nodeId - lowestId;
  if (index < 0 || (declared.length === 0 && index >= idSpanMax)) return undefined;
  return first + index;
}

/** Where the search for a port starts for a broker without a port in the plan. */
export function unplannedPort({ first, declared }: PortPlan): number {
  return first + (declared.length > 0 ? declared.length : idSpanMax);
}
