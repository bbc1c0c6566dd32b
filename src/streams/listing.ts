/**
 * Lists of streams: the catalog's rows merged with the cluster's logs. Streams that only one side
 * has are read, and so reconciled (lifecycle.ts). A stream that cannot be read does not fail the
 * list: it is listed as the catalog has it.
 */
import { isGatewayError } from '../domain/errors.ts';
import { isStreamName } from '../domain/streams/stream-names.ts';
import type { Stream, StreamSummary } from '../domain/streams/stream.ts';
import type { LogAdministration, LogDescription } from '../ports/log-administration.ts';
import type { NameRange, StreamCatalog } from '../ports/stream-catalog.ts';
import { atOnce } from '../runtime/at-once.ts';

const readingsAtOnce = 8;

export type StreamPage = {
  readonly streams: readonly StreamSummary[];
  /** The next page starts after this name, whose stream may have been deleted meanwhile. */
  readonly last: string;
  readonly hasMore: boolean;
};

export type StreamListingSettings = {
  readonly catalog: Pick<StreamCatalog, 'list'>;
  readonly administration: Pick<LogAdministration, 'list'>;
  /** Reconciles row and log. Errors: `not-found`. */
  readonly read: (name: string) => Promise<Stream>;
  /** Deletes a row whose name no stream can have. */
  readonly clear: (name: string) => Promise<void>;
  /** Reports failures of work that no call waits for. */
  readonly onProblem: (name: string, error: unknown) => void;
};

export class StreamListing {
  readonly #settings: StreamListingSettings;

  constructor(settings: StreamListingSettings) {
    this.#settings = settings;
  }

  async all(): Promise<readonly StreamSummary[]> {
    const { catalog, administration } = this.#settings;
    const [rows, logs] = await Promise.all([catalog.list(), administration.list()]);
    return this.#joined(rows, logs);
  }

  /** The streams in the catalog. */
  async known(): Promise<readonly StreamSummary[]> {
    return this.#ofStreams(await this.#settings.catalog.list());
  }

  async page({ after, countMax }: NameRange): Promise<StreamPage> {
    const { catalog, administration } = this.#settings;
    const [rows, listed] = await Promise.all([
      // One more shows whether there is a next page.
      catalog.list({ after, countMax: countMax + 1 }),
      administration.list(),
    ]);
    const logs = listed.filter(({ name }) => name > after);
    const names = [...new Set([...rows, ...logs].map(({ name }) => name))].toSorted();
    const last = names.slice(0, countMax).at(-1) ?? after;
    const isOnPage = ({ name }: { readonly name: string }) => name <= last;
    const streams = await this.#joined(rows.filter(isOnPage), logs.filter(isOnPage));
    return { streams, last, hasMore: names.length > countMax };
  }

  /** Rows with names that no stream can have are deleted. */
  #ofStreams(rows: readonly StreamSummary[]): readonly StreamSummary[] {
    const { clear, onProblem } = this.#settings;
    return rows.filter(({ name }) => {
      if (isStreamName(name)) return true;
      clear(name).catch((error: unknown) => onProblem(name, error));
      return false;
    });
  }

  /** Rows with existing logs are used as they are; streams that only one side has are read. */
  async #joined(
    rows: readonly StreamSummary[],
    logs: readonly LogDescription[],
  ): Promise<readonly StreamSummary[]> {
    const logIds = new Map(logs.map(({ name, logId }) => [name, logId]));
    const listed: StreamSummary[] = [];
    const doubtful = new Map<string, StreamSummary | undefined>();
    for (const row of this.#ofStreams(rows)) {
      const { name, logId, status } = row;
      const isSettled = status === 'ACTIVE' || status === 'UPDATING';
      if (isSettled && logIds.get(name) === logId) listed.push(row);
      else doubtful.set(name, row);
      logIds.delete(name);
    }
    for (const name of logIds.keys()) doubtful.set(name, undefined);
    const found = await this.#readAll(doubtful);
    return [...listed, ...found].toSorted((one, other) => (one.name < other.name ? -1 : 1));
  }

  /** By name, with the row if there is one. */
  async #readAll(
    rows: ReadonlyMap<string, StreamSummary | undefined>,
  ): Promise<readonly StreamSummary[]> {
    const { read, onProblem } = this.#settings;
    const found: StreamSummary[] = [];
    await atOnce(readingsAtOnce, [...rows], async ([name, row]) => {
      try {
        found.push(await read(name));
      } catch (error) {
        // It was deleted after it was listed.
        if (isGatewayError(error, 'not-found')) return;
        onProblem(name, error);
        if (row !== undefined) found.push(row);
      }
    });
    return found;
  }
}
