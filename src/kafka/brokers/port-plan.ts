/**
 * Which port stands for which broker. A broker keeps its port however often gateways start, and
 * several gateways agree on it, because it follows from the broker's id alone.
 */

/** Ids further than this above the lowest get the next free ports instead. */
const idSpanMax = 100;

export type PortPlan = {
  /** Port of the first broker, the one to bootstrap from; 0 for any. */
  readonly first: number;
  /** Ids in the order of their ports; empty where they are not declared. */
  readonly declared: readonly number[];
  /** Id of the first broker, where ids are not declared. */
  readonly lowestId: number;
};

/** The port of a broker, or undefined where the plan has none for it. */
export function plannedPort(plan: PortPlan, nodeId: number): number | undefined {
  const { first, declared, lowestId } = plan;
  if (first === 0) return 0;
  const index = declared.length > 0 ? declared.indexOf(nodeId) : nodeId - lowestId;
  if (index < 0 || (declared.length === 0 && index >= idSpanMax)) return undefined;
  return first + index;
}

/** Where the search for a port begins for a broker that the plan has none for. */
export function unplannedPort({ first, declared }: PortPlan): number {
  return first + (declared.length > 0 ? declared.length : idSpanMax);
}
