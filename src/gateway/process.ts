/** One process of a gateway: the context of all its parts. */
import type { Logger } from 'pino';
import type { Config } from '../config/settings.ts';
import type { Clock } from '../ports/clock.ts';

export type GatewayProcess = {
  readonly config: Config;
  readonly place: Place;
  /** Undefined in the only process, and in the first of several. */
  readonly worker: WorkerRole | undefined;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Each started part adds its stop function. */
  readonly stops: Stops;
};

/** The data folder and the embedded engines. */
export type Place = {
  /** Folders of all data, and of the logs in it. */
  readonly path: string;
  readonly logs: string;
  /** Ports of the embedded engines. */
  readonly kafkaPort: number | undefined;
  readonly dynamodbPort: number | undefined;
};

/** One of several processes that serve clients behind the same ports. */
export type WorkerRole = {
  /** The worker's slot; a worker that replaces another one has the same slot. */
  readonly slot: number;
  /** How many workers there are. */
  readonly slots: number;
  /** Ensures that all workers use the same port for a broker, whenever they start. */
  readonly lowestBrokerId: number;
};

/** The stop functions of the started parts, in the order of their starts. */
export type Stops = (() => Promise<void> | void)[];

/** `opsPort` is 0 if another process has it. */
export type StartedPorts = {
  readonly kinesisPort: number;
  readonly kafkaPort: number;
  readonly opsPort: number;
};

export const systemClock: Clock = { nowMs: () => Date.now() };
