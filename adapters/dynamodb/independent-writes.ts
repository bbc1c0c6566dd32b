/**
 * Many conditional writes of which each succeeds or fails for itself. They go to DynamoDB as
 * batches of PartiQL statements: one round trip for many rows, at half the write units of a
 * transaction, and unlike a transaction not cancelled by those of other gateways on some of the
 * rows. Whatever a batch cannot decide is written by itself.
 *
 * A write may be repeated although it was made: by the SDK if the answer is lost, or by a caller
 * that got `unavailable`. So that it does not fail on its own row, each write recognises what it
 * leaves behind.
 *
 * Source: BatchExecuteStatement and BatchStatementError, DynamoDB API reference; "PartiQL delete
 * statements for DynamoDB", DynamoDB developer guide.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { GatewayError, isGatewayError } from '../../src/domain/errors.ts';
import { atOnce } from '../../src/runtime/at-once.ts';
import type { AttributeValue, DynamoClient, TransactItem } from './database.ts';

export type StoredRow = Readonly<Record<string, AttributeValue>>;

export type IndependentWrite = {
  /** Equal for writes of the same row; these are made one after the other. */
  readonly key: string;
  readonly item: Pick<TransactItem, 'Put' | 'Update' | 'Delete'>;
  /**
   * The same write; one that inserts a row may fail where `item` would replace one. A statement
   * that deletes returns the row: it succeeds where there is none.
   */
  readonly statement: Statement;
  /**
   * Whether this write was made already, judged by the row whose condition failed; `isRepeat` if
   * the SDK has sent it more than once.
   */
  readonly isMade: (stored: StoredRow | undefined, isRepeat: boolean) => boolean;
};

export type Statement = { readonly text: string; readonly parameters: readonly AttributeValue[] };

/** Runs a call with metrics, and converts its failure. */
export type Send = <T>(operation: string, work: () => Promise<T>) => Promise<T>;

/**
 * DynamoDB takes 25, but DynamoDB Local writes one row after the other: many rows at once would
 * wait for each other until they time out. One partition of DynamoDB takes no more than these.
 */
const statementsMax = 10;
const batchesAtOnce = 2;
/** Of one row that other transactions keep changing. */
const attemptsMax = 12;
export const returningRow = { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } as const;
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
    await atOnce(batchesAtOnce, pagesOf(statementsMax, round), (indexes) =>
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

/** A PartiQL statement in which the names of values are the parameters. */
export function statementOf(text: string, values: StoredRow): Statement {
  const parameters: AttributeValue[] = [];
  const filled = text.replace(/:\w+/g, (name) => {
    parameters.push(values[name]!);
    return '?';
  });
  return { text: filled, parameters };
}

/** Waits a random time, longer from attempt to attempt. */
export function backOff(attempt: number): Promise<void> {
  return delay(Math.random() * Math.min(waitMsFirst * 2 ** attempt, waitMsMax));
}

async function writeTogether(batch: Batch, indexes: readonly number[]): Promise<void> {
  const answers = indexes.length > 1 ? await execute(batch, indexes) : [];
  const undecided: number[] = [];
  for (const [position, index] of indexes.entries()) {
    const isMade = answers[position];
    if (isMade === undefined) undecided.push(index);
    else batch.areMade[index] = isMade;
  }
  await atOnce(statementsMax, undecided, (index) => writeAlone(batch, index));
}

/** Whether each was made; undefined if the batch does not decide it. */
async function execute({ client, send, writes }: Batch, indexes: readonly number[]) {
  const statements = indexes.map((index) => {
    const { text, parameters } = writes[index]!.statement;
    return { Statement: text, Parameters: [...parameters], ...returningRow };
  });
  const { Responses: answers = [], $metadata: metadata } = await send('BatchExecuteStatement', () =>
    client.batchExecuteStatement({ Statements: statements }),
  );
  const isRepeat = (metadata.attempts ?? 1) > 1;
  return answers.map(({ Error: error, Item: row }, position) => {
    const { item, isMade } = writes[indexes[position]!]!;
    if (error === undefined) {
      return item.Delete === undefined || row !== undefined || isMade(undefined, isRepeat);
    }
    return error.Code === 'ConditionalCheckFailed' ? isMade(error.Item, isRepeat) : undefined;
  });
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
