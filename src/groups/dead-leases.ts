/**
 * The leases of deleted streams, in the tables of all groups: they are deleted with the stream. See
 * docs/decisions/0013-leases-of-deleted-streams.md.
 */
import {
  groupFilter,
  groupOfLeaseTable,
  isOfHashedGroup,
} from '../domain/leases/lease-table-names.ts';
import { creationSecondOf } from '../domain/leases/leases.ts';
import { LeaseView } from '../domain/leases/lease-view.ts';
import type { Stream } from '../domain/streams/stream.ts';
import { isGatewayError } from '../domain/errors.ts';
import type { LeaseMaker, LeaseReader } from '../ports/lease-tables.ts';
import type { StreamCatalog } from '../ports/stream-catalog.ts';
import { atOnce } from '../runtime/at-once.ts';
import { within } from '../runtime/deadline.ts';
import { type Attempts, retried } from '../runtime/retry.ts';

/** A deletion waits no longer than this; the scan of the tables continues. */
const waitMsMax = 5_000;
const tablesAtOnce = 8;
const rowsAtOnce = 8;
/** Attempts at a table whose leases change concurrently, or that does not answer. */
const attemptsMax = 5;
const retryAfterMs = 1_000;

export type DeadLeasesSettings = {
  readonly tables: Pick<LeaseReader & LeaseMaker, 'list' | 'read' | 'remove'>;
  readonly catalog: Pick<StreamCatalog, 'list'>;
  /** The table that belongs to no group. */
  readonly catalogTable: string;
  /** Which groups have tables: see groupFilter. */
  readonly groups: string;
  /** Reports a failure with a table, or with all tables if the name is ''. */
  readonly onProblem: (table: string, error: unknown) => void;
};

/** Whether no other stream was created in the same second. */
type IsAlone = (stream: Stream) => boolean;

export class DeadLeases {
  readonly #settings: DeadLeasesSettings;
  readonly #hasTable: (groupId: string) => boolean;
  readonly #waiting: Stream[] = [];
  #walk: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor(settings: DeadLeasesSettings) {
    this.#settings = settings;
    this.#hasTable = groupFilter(settings.groups);
  }

  /**
   * Resolves when the leases are gone, or after too long a time; leases that remain do no harm.
   * Streams that arrive during a scan of the tables share the next one. Never rejects.
   */
  async remove(stream: Stream): Promise<void> {
    this.#waiting.push(stream);
    this.#next ??= this.#walk.then(() => {
      this.#next = undefined;
      return (this.#walk = this.#walkFor(this.#waiting.splice(0)));
    });
    await within(waitMsMax, this.#next, () => undefined);
  }

  async #walkFor(streams: readonly Stream[]): Promise<void> {
    const { tables, onProblem } = this.#settings;
    try {
      const [names, isAlone] = await Promise.all([tables.list(), this.#alone()]);
      const found = names.filter((name) => this.#isOfGroup(name));
      await atOnce(tablesAtOnce, found, (table) => this.#clearOrTell(table, streams, isAlone));
    } catch (error) {
      onProblem('', error);
    }
  }

  /** Determines which streams were created in a second of their own. */
  async #alone(): Promise<IsAlone> {
    const known = await this.#settings.catalog.list();
    return (stream) =>
      known.every(
        (each) => each.name === stream.name || creationSecondOf(each) !== creationSecondOf(stream),
      );
  }

  #isOfGroup(table: string): boolean {
    if (isOfHashedGroup(table)) return true;
    const groupId = groupOfLeaseTable(table, this.#settings.catalogTable);
    return groupId !== undefined && this.#hasTable(groupId);
  }

  /** Retries if the table does not answer, then reports the failure. */
  async #clearOrTell(table: string, streams: readonly Stream[], isAlone: IsAlone): Promise<void> {
    const clear = () => this.#clear(table, streams, isAlone);
    const mayMend = (_error: unknown, { count }: Attempts) => count < attemptsMax;
    try {
      await retried(retryAfterMs, mayMend, clear);
    } catch (error) {
      this.#settings.onProblem(table, error);
    }
  }

  async #clear(table: string, streams: readonly Stream[], isAlone: IsAlone): Promise<void> {
    const { tables } = this.#settings;
    for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
      const view = new LeaseView((await tables.read(table)) ?? []);
      const dead = streams.flatMap((stream) => view.leasesOf(stream, isAlone(stream)));
      if (dead.length === 0) return;
      await atOnce(rowsAtOnce, dead, async (lease) => {
        try {
          await tables.remove(table, lease);
        } catch (error) {
          // A worker has just written a checkpoint: read the lease again.
          if (!isGatewayError(error, 'conflict')) throw error;
        }
      });
    }
  }
}
