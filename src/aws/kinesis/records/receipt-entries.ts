/**
 * The entries of the actions on received records: each succeeds or fails for itself. AWS's own
 * sentences for failed entries are not known; the codes are those of the service model.
 */
import { parseReceipt, type Receipt } from '../../../domain/queues/receipt.ts';
import type { Outcome } from '../../../queues/settling.ts';
import { list, required, string } from '../../protocol/shape.ts';
import type { KinesisContext } from '../action.ts';
import { namedStructure, queueArn, visibilitySeconds } from '../shapes.ts';
import { receiptHandle } from './queue-records.ts';

const entriesMax = 10;

/** `name`: the action's, as the names of the model's shapes begin. */
export function entryMembers(name: string) {
  const entry = namedStructure({ ReceiptHandle: required(receiptHandle) }, `${name}RequestEntry`);
  return {
    QueueARN: required(queueArn),
    Entries: required(list(entry, { min: 1, max: entriesMax })),
  };
}

/** As entryMembers, for actions that change the visibility. */
export function visibilityMembers(name: string) {
  const entry = namedStructure(
    {
      ReceiptHandle: required(receiptHandle),
      VisibilityTimeoutSeconds: required(visibilitySeconds),
    },
    `${name}RequestEntry`,
  );
  return {
    QueueARN: required(queueArn),
    Entries: required(list(entry, { min: 1, max: entriesMax })),
  };
}

export function resultMembers(name: string) {
  const done = namedStructure({ ReceiptHandle: required(receiptHandle) }, `${name}ResultEntry`);
  const failed = namedStructure(
    {
      ReceiptHandle: required(receiptHandle),
      ErrorCode: required(string()),
      ErrorMessage: string(),
    },
    `${name}ErrorEntry`,
  );
  return { Successful: required(list(done)), Failed: required(list(failed)) };
}

type Entry = { readonly ReceiptHandle: string };
type Failure = { readonly ErrorCode: string; readonly ErrorMessage: string };
type Results = {
  readonly Successful: readonly Entry[];
  readonly Failed: readonly (Entry & Failure)[];
};

/** `dead`: dead letters, which other actions handle than records. */
export type ReceiptUse = 'records' | 'dead letters';

/**
 * Does the work on the receipts of all valid entries in one call. A handle that repeats is worked
 * on once, with its first entry, and all of its entries get that outcome.
 */
export async function settleEntries<E extends Entry>(
  queueId: string,
  entries: readonly E[],
  use: ReceiptUse,
  context: KinesisContext,
  work: (found: readonly { receipt: Receipt; entry: E }[]) => Promise<readonly Outcome[]>,
): Promise<Results> {
  const failures = new Map<string, Failure>();
  const valid = new Map<string, { receipt: Receipt; entry: E }>();
  for (const entry of entries) {
    const { ReceiptHandle: handle } = entry;
    if (valid.has(handle) || failures.has(handle)) continue;
    const receipt = parseReceipt(handle, context.secret);
    const wrong = wrongIn(receipt, queueId, use);
    if (wrong !== undefined) failures.set(handle, invalid(wrong));
    else if (receipt !== undefined) valid.set(handle, { receipt, entry });
  }
  const found = [...valid.values()];
  const outcomes = found.length === 0 ? [] : await work(found);
  for (const [index, { entry }] of found.entries()) {
    const failure = failureOf(outcomes[index] ?? 'failed');
    if (failure !== undefined) failures.set(entry.ReceiptHandle, failure);
  }
  const results = { Successful: [] as Entry[], Failed: [] as (Entry & Failure)[] };
  for (const { ReceiptHandle } of entries) {
    const failure = failures.get(ReceiptHandle);
    if (failure === undefined) results.Successful.push({ ReceiptHandle });
    else results.Failed.push({ ReceiptHandle, ...failure });
  }
  context.tally.records += results.Successful.length;
  return results;
}

function wrongIn(
  receipt: Receipt | undefined,
  queueId: string,
  use: ReceiptUse,
): string | undefined {
  if (receipt === undefined) return 'The receipt handle is not valid.';
  if (receipt.queueId !== queueId) return 'The receipt handle is not valid for this queue.';
  if ((receipt.kind === 'dead') === (use === 'dead letters')) return undefined;
  return use === 'dead letters'
    ? 'The receipt handle is not one of a dead-letter record.'
    : 'The receipt handle is one of a dead-letter record.';
}

function failureOf(outcome: Outcome): Failure | undefined {
  if (outcome === 'done') return undefined;
  if (outcome === 'failed') {
    return {
      ErrorCode: 'InternalFailureException',
      ErrorMessage: 'The request processing has failed because of an internal error.',
    };
  }
  return invalid('The record is not in flight under this receipt handle.');
}

function invalid(message: string): Failure {
  return { ErrorCode: 'InvalidArgumentException', ErrorMessage: message };
}
