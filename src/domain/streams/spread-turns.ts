/**
 * The shards of records in streams that spread them (AUTO): the open shards by turns. A call starts
 * with the shard after that of the last one, and stays there for a few records, so that small calls
 * are written as one batch. Nothing is allocated per record.
 */
import { openShardsOf } from './shard-routing.ts';
import type { Shard, Stream } from './stream.ts';

/**
 * How much a call puts into one shard before it moves on: as large as the batches of Kafka's
 * producers by default, and the records that take as much of a shard's budget (1,000 of 1 MiB).
 */
export const stickBytesMax = 16 * 1024;
export const stickRecordsMax = 16;

/** Whether the shard's budget has room for such a record, behind those that the call has placed. */
export type HasRoom = (shard: Shard, bytes: number) => boolean;

/** The turn of a stream: the place of the next call among its open shards. */
type Turn = { next: number };

export class SpreadTurns {
  /** By list of open shards: a list is never changed in place. */
  readonly #turns = new WeakMap<readonly Shard[], Turn>();
  readonly #random: () => number;

  /** Gateways start at random shards, so that they do not go round together. */
  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** For the records of one call; without `hasRoom`, budgets do not matter. */
  begin(stream: Stream, hasRoom?: HasRoom): Spread {
    const open = openShardsOf(stream);
    if (open.length === 0) throw new Error(`stream ${stream.name} has no open shard`);
    let turn = this.#turns.get(open);
    if (turn === undefined) {
      turn = { next: Math.floor(this.#random() * open.length) };
      this.#turns.set(open, turn);
    }
    return new Spread(open, turn, hasRoom);
  }

  /** For records of one call whose shard was closed meanwhile: open shards of the new view. */
  again(): (now: Stream) => Shard {
    let view: Stream | undefined;
    let spread: Spread | undefined;
    return (now) => {
      if (spread === undefined || view !== now) spread = this.begin(now);
      view = now;
      return spread.shardFor(0);
    };
  }
}

/** The shards of one call's records. */
export class Spread {
  readonly #open: readonly Shard[];
  readonly #turn: Turn;
  readonly #hasRoom: HasRoom | undefined;
  #shard: Shard;
  #records = 0;
  #bytes = 0;
  /**
   * The shards that the call may still visit after it has found one without room: it then fills
   * each of the others as far as it goes, so that it asks every shard only once more. At 0 none has
   * room, and the turns continue as if all had.
   */
  #visitsLeft: number | undefined;

  constructor(open: readonly Shard[], turn: Turn, hasRoom: HasRoom | undefined) {
    this.#open = open;
    this.#turn = turn;
    this.#hasRoom = hasRoom;
    this.#shard = this.#next();
  }

  /** The shard of the call's next record, which has this size. */
  shardFor(bytes: number): Shard {
    const isStickOver = this.#records >= stickRecordsMax || this.#bytes >= stickBytesMax;
    if (isStickOver && (this.#visitsLeft ?? 0) === 0) this.#move();
    if (this.#hasRoom !== undefined) this.#findRoom(bytes, this.#hasRoom);
    this.#records += 1;
    this.#bytes += bytes;
    return this.#shard;
  }

  #findRoom(bytes: number, hasRoom: HasRoom): void {
    while (this.#visitsLeft !== 0 && !hasRoom(this.#shard, bytes)) {
      this.#visitsLeft = (this.#visitsLeft ?? this.#open.length) - 1;
      this.#move();
    }
  }

  #move(): void {
    this.#shard = this.#next();
    this.#records = 0;
    this.#bytes = 0;
  }

  #next(): Shard {
    const { next } = this.#turn;
    this.#turn.next = (next + 1) % this.#open.length;
    return this.#open[next]!;
  }
}
