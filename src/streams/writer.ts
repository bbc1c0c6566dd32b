/**
 * Putting records into shards such that no acknowledged record is stranded. Any gateway may close a
 * shard at any time. The rule for acknowledgements is only here: a record is in its shard only if
 * the log had it while a valid view of the stream showed the shard as open (resharding.ts waits for
 * those views to expire before it reads the shard's end). Otherwise the catalog is asked again, and
 * records that were too late are written to the open descendant.
 */
import { isSealed } from '../domain/streams/reshard.ts';
import { SpreadTurns } from '../domain/streams/spread-turns.ts';
import type { Offset, Shard, Stream } from '../domain/streams/stream.ts';
import { GatewayError, isGatewayError } from '../domain/errors.ts';
import type { AppendRecord, RecordLog } from '../ports/record-log.ts';
import type { StreamDirectory } from './directory.ts';

/** If a gateway dies while a shard is sealed, another one takes over sooner; see resharding.ts. */
export const sealedWaitMsMax = 10_000;
const sealedPollMs = 25;
/** A put that is overtaken by this many reshardings fails. */
const movesMax = 8;

export type Placed = { readonly shard: Shard; readonly offset: Offset };

export type Written = {
  /** The results of the first records, which are in the requested shard. */
  readonly offsets: readonly Offset[];
  /** The results of the records after those, if the shard was closed before they arrived. */
  readonly moved?: readonly (Placed | GatewayError)[];
  /** Why the remaining records were not written. */
  readonly error?: GatewayError;
};

/** The shard for the nth record of the call in this view of the stream. */
export type Route = (stream: Stream, nth: number) => Shard;

export class StreamWriter {
  /** Of the streams that spread their records over their shards. */
  readonly turns = new SpreadTurns();
  readonly #streams: Pick<StreamDirectory, 'findNow' | 'isCurrent'>;
  readonly #log: Pick<RecordLog, 'append'>;

  constructor(
    streams: Pick<StreamDirectory, 'findNow' | 'isCurrent'>,
    log: Pick<RecordLog, 'append'>,
  ) {
    this.#streams = streams;
    this.#log = log;
  }

  /**
   * Appends records that all belong to one shard, in order. Waits while the shard is sealed. The
   * outcome of records with an `unavailable` error is unknown. Throws no GatewayError: errors are
   * part of the result.
   */
  async write(
    stream: Stream,
    shard: Shard,
    records: readonly AppendRecord[],
    route: Route,
    moves = 0,
  ): Promise<Written> {
    try {
      if (isSealed(stream, shard.index)) {
        const now = await this.decided(stream, shard.index);
        return await this.#rewrite(now, records, 0, route, moves);
      }
      const where = { log: stream.name, partition: shard.index };
      const written = await this.#log.append(where, records);
      if (this.#streams.isCurrent(stream)) return written;
      return await this.#settle(stream, shard, records, written, route, moves);
    } catch (error) {
      if (isGatewayError(error)) return { offsets: [], error };
      throw error;
    }
  }

  /**
   * Appends records to the shards that `route` returns, each shard's in order; returns the result
   * of each. Errors: as write.
   */
  async place(
    stream: Stream,
    records: readonly AppendRecord[],
    route: Route,
  ): Promise<readonly (Placed | GatewayError)[]> {
    const { moved, error } = await this.#rewrite(stream, records, 0, route, 0);
    return moved ?? records.map(() => error ?? lost(stream));
  }

  /**
   * Reads the stream again until it is decided whether the shard is open. Errors: `not-found` (the
   * stream is gone), `unavailable` (it is not decided in time).
   */
  async decided(stream: Stream, index: number): Promise<Stream> {
    const giveUpAtMs = performance.now() + sealedWaitMsMax;
    for (;;) {
      const now = await this.#streams.findNow(stream.name);
      if (now.createdAtMs !== stream.createdAtMs || now.status === 'DELETING') {
        throw new GatewayError('not-found', `stream ${stream.name} was deleted`);
      }
      if (!isSealed(now, index)) return now;
      if (performance.now() > giveUpAtMs) throw lost(stream);
      await new Promise((resolve) => setTimeout(resolve, sealedPollMs));
    }
  }
  /** Whether the appended records are in the shard although the view may have expired. */
  async #settle(
    stream: Stream,
    { index }: Shard,
    records: readonly AppendRecord[],
    written: Written,
    route: Route,
    moves: number,
  ): Promise<Written> {
    const { offsets, error } = written;
    const now = await this.decided(stream, index);
    const end = now.shards[index]?.closed?.endOffset;
    if (end === undefined) return written;
    let kept = 0;
    while (kept < offsets.length && offsets[kept]! < end) kept++;
    if (kept === offsets.length) return written;
    const late = records.slice(kept, offsets.length);
    const again = await this.#rewrite(now, late, kept, route, moves);
    const moved = again.moved ?? late.map(() => again.error ?? lost(stream));
    return { offsets: offsets.slice(0, kept), moved, ...(error === undefined ? {} : { error }) };
  }

  /**
   * Writes to the shards that are open for the records now; `first` is the index of the first one.
   */
  async #rewrite(
    now: Stream,
    records: readonly AppendRecord[],
    first: number,
    route: Route,
    moves: number,
  ): Promise<Written> {
    if (moves >= movesMax) return { offsets: [], error: lost(now) };
    const groups = new Map<Shard, number[]>();
    for (const nth of records.keys()) {
      const shard = route(now, first + nth);
      const places = groups.get(shard);
      if (places === undefined) groups.set(shard, [nth]);
      else places.push(nth);
    }
    const moved = new Array<Placed | GatewayError>(records.length);
    await Promise.all(
      [...groups].map(async ([shard, places]) => {
        const group = places.map((nth) => records[nth]!);
        const routed: Route = (stream, nth) => route(stream, first + places[nth]!);
        const written = await this.write(now, shard, group, routed, moves + 1);
        for (const [at, nth] of places.entries()) moved[nth] = outcome(written, shard, at, now);
      }),
    );
    return { offsets: [], moved };
  }
}

/** The result of the nth record of a write. */
export function outcome(
  { offsets, moved, error }: Written,
  shard: Shard,
  nth: number,
  stream: Stream,
): Placed | GatewayError {
  const offset = offsets[nth];
  if (offset !== undefined) return { shard, offset };
  return moved?.[nth - offsets.length] ?? error ?? lost(stream);
}

function lost({ name }: Stream): GatewayError {
  return new GatewayError('unavailable', `the shards of ${name} are changing: put again`);
}
