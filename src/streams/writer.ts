/**
 * Putting records into shards, so that none that is acknowledged is stranded. A shard may be
 * closed by any gateway at any time; the rule of the acknowledgement is here, and nowhere else:
 * a record is in its shard only if the log had it while a view of the stream held in which the
 * shard takes records (resharding.ts waits those views out before it asks for the shard's end).
 * Otherwise the catalog is asked again, and what came too late is written to the open descendant.
 */
import { isSealed } from '../domain/streams/reshard.ts';
import type { Offset, Shard, Stream } from '../domain/streams/stream.ts';
import { GatewayError, isGatewayError } from '../domain/errors.ts';
import type { AppendRecord, RecordLog } from '../ports/record-log.ts';
import type { StreamDirectory } from './directory.ts';

/** A gateway that dies while a shard is sealed is replaced sooner; see resharding.ts. */
export const sealedWaitMsMax = 10_000;
const sealedPollMs = 25;
/** A put that a resharding overtakes so often is given up. */
const movesMax = 8;

export type Placed = { readonly shard: Shard; readonly offset: Offset };

export type Written = {
  /** Of the first records, in the shard that was asked for. */
  readonly offsets: readonly Offset[];
  /** What became of the records behind those, where the shard was closed before they came. */
  readonly moved?: readonly (Placed | GatewayError)[];
  /** Why what is in neither was not written. */
  readonly error?: GatewayError;
};

/** The shard that takes the nth record of the call in this view of the stream. */
export type Route = (stream: Stream, nth: number) => Shard;

export class StreamWriter {
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
   * outcome of records with an `unavailable` error is unknown. Errors: none of GatewayError; they
   * are told in the result.
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
   * Appends records to the shards that `route` gives them, each shard's in order; answers what
   * became of each. Errors: as write.
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
   * The stream, read anew, once it is decided whether the shard is open. Errors: `not-found` (the
   * stream is gone), `unavailable` (nobody decides).
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
  /** Whether the shard took what was appended when the view of it may have been old. */
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

  /** Writes to the shards that take the records now; `first` is the place of the first one. */
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

/** What became of the nth record of a write. */
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
