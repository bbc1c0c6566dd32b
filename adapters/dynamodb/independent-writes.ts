/**
 * Many conditional writes of which each succeeds or fails for itself. They go to DynamoDB in
 * transactions, which are one round trip for many rows; what a failed condition cancels is
 * repeated without the rows that failed. A transaction costs twice the write units of single
 * writes.
 *
 * A write may be repeated although it was made: by the SDK if the answer is lost, or by a caller
 * that got `unavailable`. So that it does not fail on its own row, each write recognises what it
 * leaves behind; DynamoDB recognises a transaction that the SDK repeats by its token.
 *
 * Source: TransactWriteItems, "ClientRequestToken" and "CancellationReasons", DynamoDB API
 * reference.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { GatewayError, isGatewayError } from '../../src/domain/errors.ts';
import { atOnce } from '../../src/runtime/at-once.ts';
import {
  type AttributeValue,
  cancellationReasonsIn,
  type DynamoClient,
  type TransactItem,
} from './database.ts';

export type StoredRow = Readonly<Record<string, AttributeValue>>;

export type IndependentWrite = {
  /** Equal for writes of the same row; these are made one after the other. */
  readonly key: string;
  readonly item: Pick<TransactItem, 'Put' | 'Update' | 'Delete'>;
  /**
   * Whether this write was made already, judged by the row whose condition failed; `isRepeat` if
   * the SDK has sent it more than once.
   */
  readonly isMade: (stored: StoredRow | undefined, isRepeat: boolean) => boolean;
};

/** Runs a call with metrics, and converts its failure. */
export type Send = <T>(operation: string, work: () => Promise<T>) => Promise<T>;

/**
 * DynamoDB takes 100, but DynamoDB Local makes one transaction at a time, a row in a millisecond:
 * large ones would wait for each other until they time out.
 */
const rowsInTransactionMax = 25;
const transactionsAtOnce = 4;
const rowsAtOnce = 16;
/** Then each row is written by itself. */
const transactionsMax = 5;
/** Of one row that other transactions keep changing. */
const attemptsMax = 12;
const waitMsFirst = 4;
const waitMsMax = 250;

/** Whether each was made. Errors: those of `send`; `unavailable`. */
export async function writeEach(
  client: DynamoClient,
  send: Send,
  writes: readonly IndependentWrite[],
): Promise<readonly boolean[]> {
  const areMade = writes.map(() => false);
  const batch = { client, send, writes, areMade };
  for (const round of roundsOf(writes)) {
    await atOnce(transactionsAtOnce, pagesOf(rowsInTransactionMax, round), (indexes) =>
      writeTogether(batch, indexes),
    );
  }
  return areMade;
}

type Batch = {
  readonly client: DynamoClient;
  readonly send: Send;
  readonly writes: readonly IndependentWrite[];
  readonly areMade: boolean[];
};

/** The indexes of the writes, in rounds in which no row occurs twice. */
function roundsOf(writes: readonly IndependentWrite[]): readonly (readonly number[])[] {
  const occurrences = new Map<string, number>();
  const rounds: number[][] = [];
  for (const [index, { key }] of writes.entries()) {
    const round = occurrences.get(key) ?? 0;
    occurrences.set(key, round + 1);
    (rounds[round] ??= []).push(index);
  }
  return rounds;
}

export function pagesOf<T>(size: number, items: readonly T[]): readonly (readonly T[])[] {
  const pages: T[][] = [];
  for (let at = 0; at < items.length; at += size) pages.push(items.slice(at, at + size));
  return pages;
}

/** Waits a random time, longer from attempt to attempt. */
export function backOff(attempt: number): Promise<void> {
  return delay(Math.random() * Math.min(waitMsFirst * 2 ** attempt, waitMsMax));
}

async function writeTogether(batch: Batch, indexes: readonly number[]): Promise<void> {
  const { areMade, writes } = batch;
  let left = indexes;
  for (let attempt = 0; left.length > 1 && attempt < transactionsMax; attempt += 1) {
    const reasons = await transact(batch, left);
    if (reasons === undefined) {
      for (const index of left) areMade[index] = true;
      return;
    }
    const others: number[] = [];
    for (const [position, index] of left.entries()) {
      const reason = reasons[position];
      if (reason?.Code !== 'ConditionalCheckFailed') others.push(index);
      else areMade[index] = writes[index]!.isMade(reason.Item, false);
    }
    // Without a failed condition, another transaction is changing some of these rows now.
    if (others.length === left.length) await backOff(attempt);
    left = others;
  }
  await atOnce(rowsAtOnce, left, (index) => writeAlone(batch, index));
}

/** The reasons if it was cancelled; nothing was written then. */
async function transact({ client, send, writes }: Batch, indexes: readonly number[]) {
  const items = indexes.map((index) => writes[index]!.item);
  try {
    await send('TransactWriteItems', () => client.transactWriteItems({ TransactItems: items }));
    return undefined;
  } catch (error) {
    const reasons = cancellationReasonsIn(error);
    if (reasons.length === 0 || isGatewayError(error, 'internal')) throw unknownIfConflict(error);
    return reasons;
  }
}

async function writeAlone({ client, send, writes, areMade }: Batch, index: number) {
  const { item, isMade } = writes[index]!;
  const { Put: put, Update: update, Delete: deletion } = item;
  for (let attempt = 0; ; attempt += 1) {
    try {
      if (put !== undefined) await send('PutItem', () => client.putItem(put));
      if (update !== undefined) await send('UpdateItem', () => client.updateItem(update));
      if (deletion !== undefined) await send('DeleteItem', () => client.deleteItem(deletion));
      areMade[index] = true;
      return;
    } catch (error) {
      if (!isGatewayError(error, 'conflict')) throw error;
      const failed = failedConditionIn(error);
      if (failed !== undefined) {
        areMade[index] = isMade(failed.stored, failed.isRepeat);
        return;
      }
      if (attempt >= attemptsMax) throw unknownIfConflict(error);
      await backOff(attempt);
    }
  }
}

/** Undefined if it was no condition that failed. */
export function failedConditionIn(error: unknown) {
  const { cause } = error as GatewayError;
  if (!(cause instanceof Error) || cause.name !== 'ConditionalCheckFailedException') {
    return undefined;
  }
  const { Item: stored, $metadata: metadata } = cause as {
    Item?: StoredRow;
    $metadata?: { readonly attempts?: number };
  };
  return { stored, isRepeat: (metadata?.attempts ?? 1) > 1 };
}

function unknownIfConflict(error: unknown): unknown {
  if (!isGatewayError(error, 'conflict')) return error;
  const message = 'DynamoDB does not get through with a write beside those of others';
  return new GatewayError('unavailable', message, { cause: error });
}
