/** One process of a gateway: what all of its parts are made with. */
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
  /** Each part that is started adds how it is stopped. */
  readonly stops: Stops;
};

/** Where the data are, and the embedded engines. */
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
  /** Which of the workers it is; one that is started in the place of another is the same. */
  readonly slot: number;
  /** How many workers there are. */
  readonly slots: number;
  /** So that all workers have the same port for a broker, whenever they start. */
  readonly lowestBrokerId: number;
};

/** What stops the parts that were started, in the order of the starts. */
export type Stops = (() => Promise<void> | void)[];

/** `opsPort` is 0 if another process has it. */
export type StartedPorts = {
  readonly kinesisPort: number;
  readonly kafkaPort: number;
  readonly opsPort: number;
};

export const systemClock: Clock = { nowMs: () => Date.now() };
