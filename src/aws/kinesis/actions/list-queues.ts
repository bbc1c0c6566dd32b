/**
 * ListQueues: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListQueues.html
 */
import type { Queue } from '../../../domain/queues/queue.ts';
import { defineAction, type KinesisContext } from '../action.ts';
import { integer, list, required, structure, timestamp } from '../../protocol/shape.ts';
import { pagingTokenOf } from '../../protocol/tokens.ts';
import { namedStructure, nextToken, queueArn, streamArn } from '../shapes.ts';
import { positionIn } from '../resources/paging.ts';
import { queueArnOf } from '../resources/queue-address.ts';
import { queueName, queueStatus } from '../resources/queue-shapes.ts';
import { streamArnOf, streamNameIn } from '../resources/stream-address.ts';
import { wholeSecond } from '../resources/stream-view.ts';
import { theAccount } from '../resources/touched.ts';

const listedQueuesDefault = 100;
/** A page that few queues match ends here, so that one call does not read the whole catalog. */
const readAtOnceMax = 1_000;
const purpose = 'ListQueues';

const streamFilters = list(
  namedStructure(
    { StreamARN: required(streamArn), StreamCreationTimestamp: timestamp() },
    'QueueStreamFilter',
  ),
  { min: 1, max: 10_000 },
);
const queueSummary = structure({
  QueueName: required(queueName),
  QueueARN: required(queueArn),
  QueueStatus: required(queueStatus),
  QueueCreationTimestamp: required(timestamp()),
  Streams: required(
    list(
      structure({ StreamARN: required(streamArn), StreamCreationTimestamp: required(timestamp()) }),
      { min: 1, max: 10_000 },
    ),
  ),
});

type Filter = { readonly name: string; readonly createdAtMs?: number | undefined };
/** With the filter, for clients that send only the token. */
type Position = { readonly after: string; readonly filters?: readonly Filter[] };

export const listQueues = defineAction({
  name: 'ListQueues',
  input: structure({
    MaxResults: integer({ min: 1, max: 10_000 }),
    NextToken: nextToken,
    StreamFilter: streamFilters,
  }),
  output: structure({ QueueSummaries: required(list(queueSummary)), NextToken: nextToken }),
  errors: [
    'AccessDeniedException',
    'ExpiredNextTokenException',
    'InvalidArgumentException',
    'LimitExceededException',
    'ValidationException',
  ],
  touches: theAccount,
  async handle({ MaxResults, NextToken: token, StreamFilter: given }, context) {
    const position =
      token === undefined ? undefined : (positionIn(purpose, token, context) as Position);
    const filters =
      given?.map(({ StreamARN, StreamCreationTimestamp: createdAtMs }) => ({
        name: streamNameIn({ StreamARN }, context),
        createdAtMs,
      })) ?? position?.filters;
    const countMax = MaxResults ?? listedQueuesDefault;
    const { queues, next } = await pageOf(filters, position?.after, countMax, context);
    return {
      QueueSummaries: queues.map((queue) => summaryOf(queue, context)),
      NextToken:
        next === undefined ? undefined : pagingTokenOf(purpose, { after: next, filters }, context),
    };
  },
});

async function pageOf(
  filters: readonly Filter[] | undefined,
  from: string | undefined,
  countMax: number,
  { queues: directory }: KinesisContext,
): Promise<{ readonly queues: readonly Queue[]; readonly next: string | undefined }> {
  const queues: Queue[] = [];
  let after = from;
  let readCount = 0;
  do {
    // No more than fit: what matches of a page is returned as a whole.
    const range = { countMax: countMax - queues.length, ...(after === undefined ? {} : { after }) };
    const page = await directory.listPage(range);
    queues.push(...page.queues.filter((queue) => isWanted(queue, filters)));
    readCount += page.queues.length;
    after = page.next;
  } while (after !== undefined && queues.length < countMax && readCount < readAtOnceMax);
  return { queues, next: after };
}

/** Clients send times back in whole seconds or as they received them. */
function isWanted({ stream }: Queue, filters: readonly Filter[] | undefined): boolean {
  if (filters === undefined) return true;
  return filters.some(
    ({ name, createdAtMs }) =>
      name === stream.name &&
      (createdAtMs === undefined || wholeSecond(createdAtMs) === wholeSecond(stream.createdAtMs)),
  );
}

function summaryOf(queue: Queue, context: KinesisContext) {
  const { stream } = queue;
  return {
    QueueName: queue.name,
    QueueARN: queueArnOf(queue.id, context),
    QueueStatus: queue.status,
    QueueCreationTimestamp: wholeSecond(queue.createdAtMs),
    Streams: [
      {
        StreamARN: streamArnOf(stream.name, context),
        StreamCreationTimestamp: wholeSecond(stream.createdAtMs),
      },
    ],
  };
}
